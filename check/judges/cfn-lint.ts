import { availableParallelism } from 'node:os';
import { Template } from '../template';
import { Finding, Judge } from './judge';
import { judgeProgram, run } from './program';

/** What it has found, as it answers. */
interface Match {
  readonly Filename: string;
  readonly Location: { readonly Path?: string[] };
  readonly Message: string;
  readonly Rule: { readonly Id: string };
}

/** CloudFormation's linter: the resource schemas and more, errors and warnings alike. */
export class CfnLint implements Judge {
  public readonly name = 'cfn-lint';
  public readonly quick = true;

  public async judge(templates: Template[]): Promise<Finding[]> {
    // It judges one template after the other, and takes the longest of all judges: each core gets a share.
    const cores = Math.min(availableParallelism(), templates.length);
    const shares = Array.from({ length: cores }, (_, core) => templates.filter((_template, index) => index % cores === core));
    return (await Promise.all(shares.map(share => this.lint(share)))).flat();
  }

  private async lint(templates: Template[]): Promise<Finding[]> {
    // Its exit code adds up what kinds of findings there are, up to 14.
    const found: Match[] = JSON.parse(await run(judgeProgram('cfn-lint'), ['--format', 'json', '--', ...templates.map(({ file }) => file)], 14));
    return found.map(match => {
      const [section, resource, ...rest] = match.Location.Path ?? [];
      return {
        template: templates.find(({ file }) => file === match.Filename)!,
        rule: match.Rule.Id,
        message: rest.length ? `${match.Message} (${rest.join('/')})` : match.Message,
        resource: section === 'Resources' ? resource : undefined,
      };
    });
  }
}
