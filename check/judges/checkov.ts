import { Template } from '../template';
import { Finding, Judge } from './judge';
import { judgeProgram, run } from './program';

/** What it has found, as it answers. */
interface Check {
  readonly check_id: string;
  readonly check_name: string;
  readonly file_abs_path: string;
  readonly file_line_range: [first: number, last: number];
  readonly resource: string;
}

/** What it answers for a framework, or for those that it has run. */
type Report = { readonly results?: { readonly failed_checks: Check[] } };

/** Checkov's policies for CloudFormation, and its search for secrets. */
export class Checkov implements Judge {
  public readonly name = 'checkov';
  public readonly quick = false;

  public async judge(templates: Template[]): Promise<Finding[]> {
    const files = templates.flatMap(({ file }) => ['--file', file]);
    const reports: Report | Report[] = JSON.parse(await run(judgeProgram('checkov'), [
      '--framework', 'cloudformation', 'secrets', '--skip-download', '--quiet', '--compact', '--output', 'json', ...files,
    ], 1));
    return [reports].flat().flatMap(report => report.results?.failed_checks ?? []).map(failed => {
      const template = templates.find(({ file }) => failed.file_abs_path === file)!;
      // A secret is found in a line, all else in `<type>.<logical id>`.
      const resource = failed.resource.includes('::') ? failed.resource.split('.')[1] : template.resourceAt(failed.file_line_range[0]);
      return { template, rule: failed.check_id, message: failed.check_name, resource };
    });
  }
}
