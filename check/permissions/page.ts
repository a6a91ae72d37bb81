import { Template } from '../template';
import { condition, resource, text } from './readable';
import { excuse, isKeyOfAccount } from './refusals';
import { Granted, ResourceStatement, Role } from './roles';

const INTRODUCTION = `# Permissions

What every role of the stack may do, and why. \`npm run permissions\` writes this page from the synthesized templates, and refuses a FullAccess policy, an action with a \`*\`, a \`*\` resource without a reason, and a grant without one.
On the local target, [a test](../local/tests/e2e/test_permissions.py) compares what the roles of a full run do with what they may do: a call without a grant fails it, and so does a grant that no test uses.

\`{Path}\` is the resource of the construct at that path. ARNs are written without the partition, and without the region and the account where they are the stack's own.`;

/** The page, from the roles and the policies of resources of each template in turn; what an earlier one has shown is left out. */
export function page(apps: { template: Template; roles: Role[]; statements: ResourceStatement[] }[]): string {
  const shown = new Set<string>();
  const sections = apps.map(({ template, roles, statements }) => {
    const parts = [...roles.map(roleSection), ...statements.length ? [resourceSection(statements)] : []];
    const fresh = parts.filter(part => !shown.has(part));
    fresh.forEach(part => shown.add(part));
    const rest = shown.size > fresh.length ? '\n\nAll its other roles are as above.' : '';
    return `## ${title(template.name)}\n\n${fresh.join('\n\n') || 'Its roles are as above.'}${fresh.length ? rest : ''}`;
  });
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

function title(name: string): string {
  const [app, stack] = name.split('/');
  if (stack === undefined) return `The stack of an empty \`${app}.yaml\``;
  return app === 'examples' ? `The example [${stack}](../examples/${stack})` : `The stack of [${stack}.yaml](../check/stacks/${stack}.yaml)`;
}

function roleSection(role: Role): string {
  const trusts = role.trust.map(({ Principal, Condition }) => `\`${text(role.template, Object.values<any>(Principal)[0])}\`${Condition ? ` when ${condition(role.template, Condition)}` : ''}`);
  const managed = role.managed.map(arn => `\n\nHas AWS's managed policy \`${text(role.template, arn).split('/').slice(1).join('/')}\`.`).join('');
  const table = rows(role).map(cells => `| ${cells.join(' | ')} |`).join('\n');
  return `### \`${role.path}\`\n\nTaken by ${trusts.join(', ')}.${managed}\n\n| may | on | only when | because |\n|---|---|---|---|\n${table}`;
}

/** The rows of a role: what is granted for the same reason stands together, whichever statement CDK has merged it into. */
function rows(role: Role): string[][] {
  const byReason = group(role.granted, each => JSON.stringify([each.why, each.condition]));
  return byReason.flatMap(granted => {
    const byAction = group(granted, ({ action }) => action).map(same => ({ action: same[0].action, on: same.map(each => shownResource(role, each)).sort() }));
    return group(byAction, ({ on }) => on.join()).map(same => [
      same.map(({ action }) => `\`${action}\``).sort().join('<br>'), same[0].on.join('<br>'), condition(role.template, granted[0].condition), granted[0].why.join('<br>'),
    ]);
  }).sort(([a], [b]) => a < b ? -1 : 1);
}

function shownResource(role: Role, { resource: on, policy }: Granted): string {
  return on === '*' ? `\`*\`: ${excuse(role, policy)}` : `\`${resource(role.template, on)}\``;
}

function resourceSection(statements: ResourceStatement[]): string {
  const lines = statements.map(each => {
    const { template, path, type, statement } = each;
    const principal = typeof statement.Principal === 'string' ? statement.Principal : text(template, Object.values<any>(statement.Principal)[0]);
    const actions = [statement.Action].flat().map(action => `\`${action}\``).join('<br>');
    const note = isKeyOfAccount(each) ? "CDK's own: IAM policies of the account decide who uses the key. The one `*` action that is allowed" : condition(template, statement.Condition);
    return `| \`${path}\` (${type}) | ${statement.Effect === 'Allow' ? 'may' : 'may not'} | \`${principal}\` | ${actions} | ${note} |`;
  });
  return `### Policies of resources\n\n| on | | who | do | when |\n|---|---|---|---|---|\n${lines.join('\n')}`;
}

function group<T>(all: T[], key: (each: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  all.forEach(each => groups.set(key(each), [...groups.get(key(each)) ?? [], each]));
  return [...groups.values()];
}
