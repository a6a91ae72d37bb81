import { Template } from '../template';
import { condition, resource, text } from './readable';
import { excuse, isKeyOfAccount } from './refusals';
import { Granted, ResourceStatement, Role } from './roles';

/** What is told of one template. */
export interface Told {
  readonly template: Template;
  readonly roles: Role[];
  readonly statements: ResourceStatement[];
}

const INTRODUCTION = `# Permissions

What every role of the stack may do, and why. \`npm run permissions\` writes this page from the synthesized templates. It refuses a FullAccess policy, an action with a \`*\`, a \`*\` resource that is not acknowledged, and a grant without a reason; the reasons stand beside the code that grants.
[A test](../local/tests/e2e/test_permissions.py) compares it with what the roles really do: in all runs on the local target together, each call must be granted and each grant must be used. What the local target has no use for is listed there.

\`{Path}\` is the resource of the construct at that path. An ARN is written as \`service:resource\` where the region and the account are the stack's own, and names without what only one stack has in them.`;

const ROLE = ['may', 'on', 'only when', 'because'];
const RESOURCE = ['on', '', 'who', 'do', 'when'];

/** The page: the first template as a whole, and what each of the others adds. */
export function page(all: Told[]): string {
  const shown = new Set<string>();
  const sections = all.map(({ template, roles, statements }, index) => {
    const parts = [
      ...roles.map(role => part(`### \`${role.path}\`\n\n${trust(role)}`, ROLE, fresh(shown, role.path, rows(role)))),
      part('### Policies of resources', RESOURCE, fresh(shown, '', statements.map(resourceRow))),
    ].filter(each => each !== '');
    const more = index === 0 ? '' : parts.length ? 'All of it may do what stands above, as far as it is there, and besides:\n\n' : 'Nothing that does not stand above.';
    return `## ${title(template.name)}\n\n${more}${parts.join('\n\n')}`;
  });
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

/** Rows that do not stand above, whatever their reason. */
function fresh(shown: Set<string>, path: string, all: string[][]): string[][] {
  const key = (cells: string[]) => [path, ...cells.slice(0, -1)].join('|');
  const some = all.filter(cells => !shown.has(key(cells)));
  some.forEach(cells => shown.add(key(cells)));
  return some;
}

function part(heading: string, columns: string[], all: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return all.length ? `${heading}\n\n${[line(columns), line(columns.map(() => '---')), ...all.map(line)].join('\n')}` : '';
}

function title(name: string): string {
  const [app, stack] = name.split('/');
  if (stack === undefined) return `The stack of an empty \`${app}.yaml\``;
  return app === 'examples' ? `The example [${stack}](../examples/${stack})` : `The stack of [${stack}.yaml](../check/stacks/${stack}.yaml)`;
}

function trust({ template, trust, managed }: Role): string {
  const takers = trust.map(({ Principal, Condition }) => `\`${text(template, Object.values<any>(Principal)[0])}\`${Condition ? ` when ${condition(template, Condition)}` : ''}`);
  return [`Taken by ${takers.join(', ')}.`, ...managed.map(arn => `Has the managed policy \`${text(template, arn)}\`.`)].join(' ');
}

/** The rows of a role: what is granted for the same reason stands together, whichever statement CDK has merged it into. */
function rows(role: Role): string[][] {
  return group(role.granted, each => JSON.stringify([each.why, each.condition])).flatMap(granted => {
    const byAction = group(granted, ({ action }) => action).map(same => ({ action: same[0].action, on: [...new Set(same.map(each => shownResource(role, each)))].sort() }));
    return group(byAction, ({ on }) => on.join()).map(same => [
      same.map(({ action }) => `\`${action}\``).sort().join('<br>'), same[0].on.join('<br>'), condition(role.template, granted[0].condition), granted[0].why.join('<br>'),
    ]);
  }).sort(([a], [b]) => a < b ? -1 : 1);
}

function shownResource(role: Role, { resource: on, policy }: Granted): string {
  return on === '*' ? `\`*\`: ${excuse(role, policy)}` : `\`${resource(role.template, on)}\``;
}

function resourceRow(each: ResourceStatement): string[] {
  const { template, path, type, statement: { Principal, Action, Effect, Condition } } = each;
  const who = typeof Principal === 'string' ? Principal : text(template, Object.values<any>(Principal)[0]);
  const when = isKeyOfAccount(each) ? "CDK's own: IAM policies of the account decide who uses the key. The one `*` action that is allowed" : condition(template, Condition);
  return [`\`${path}\` (${type})`, Effect === 'Allow' ? 'may' : 'may not', `\`${who}\``, [Action].flat().map(action => `\`${action}\``).join('<br>'), when];
}

function group<T>(all: T[], key: (each: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  all.forEach(each => groups.set(key(each), [...groups.get(key(each)) ?? [], each]));
  return [...groups.values()];
}
