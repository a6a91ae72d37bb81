import { deployed } from '../deployed';
import { Template } from '../template';
import { inFiles, placeOf } from './files';
import { Finding, Judge } from './judge';
import { judgeProgram, run } from './program';

/**
 * Whatever inside a resource is a policy of an identity: a document with statements. Parliament knows no others: it takes the
 * `*` of a key's policy, which is that key, for all keys, and asks a trust policy for a resource.
 */
function policies(value: any): any[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value.Statement)) return value.Statement.some((statement: any) => statement.Principal ?? statement.NotPrincipal) ? [] : [value];
  return Object.values(value).flatMap(policies);
}

/** What parliament's copy of IAM's reference does not know, or reads wrongly: whatever it says about these actions is passed over. */
const OUTDATED: { [action: string]: string } = {
  'sagemaker:CallMlflowAppApi': 'newer than the copy',
  'states:DescribeExecution': 'takes executions of one kind; the copy asks for both, standard and express',
  'states:InvokeHTTPEndpoint': 'takes a state machine and two conditions since; the copy has it without',
};

function outdated(detail: any): boolean {
  const actions = [detail].flat().map(part => part?.action ?? /[\w-]+:\w+$/.exec(part)?.[0]);
  return actions.length > 0 && actions.every(action => Object.hasOwn(OUTDATED, action));
}

/** Parliament: unknown actions, resources that do not fit their actions, malformed conditions. */
export class Parliament implements Judge {
  public readonly name = 'parliament';
  public readonly quick = false;

  public async judge(templates: Template[]): Promise<Finding[]> {
    const sources = templates.flatMap(template => Object.entries<any>(template.body.Resources ?? {})
      .flatMap(([resource, { Properties }]) => policies(Properties).map(policy => ({ template, resource, policy }))));
    const texts = sources.map(({ template, policy }) => JSON.stringify(deployed(policy, template.body)));
    const answer = await inFiles(texts, (_files, folder) => run(judgeProgram('parliament'), ['--json', '--directory', folder], 1));
    const lines = answer.trim().split('\n').filter(line => line);
    return lines.map(line => JSON.parse(line)).filter(({ detail }) => !outdated(detail)).map(({ issue, title, detail, location }) => {
      const { template, resource } = sources[placeOf(location.filepath)];
      return { template, resource, rule: issue, message: `${title}: ${typeof detail === 'string' ? detail : JSON.stringify(detail)}` };
    });
  }
}
