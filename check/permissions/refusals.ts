import { text } from './readable';
import { Granted, ResourceStatement, Role } from './roles';

/** The rule of cdk-nag whose acknowledgement excuses a `*` resource. */
const WILDCARD = 'AwsSolutions-IAM5[Resource::*]';

const TOO_MUCH = /(FullAccess|AdministratorAccess|PowerUserAccess)$/;

/** Why a `*` resource of `policy` is excused, where it is. */
export function excuse({ template }: Role, policy: string): string | undefined {
  return template.acknowledgementOf(WILDCARD, policy)?.reason;
}

/** What no role may hold, one line each. */
export function refusedOf(role: Role): string[] {
  const { template, path, managed, granted, inverted } = role;
  const actions = (which: Granted[]) => [...new Set(which.map(({ action }) => action))].sort().join(', ');
  const line = (which: Granted[], told: (actions: string) => string) => which.length ? [told(actions(which))] : [];
  return [
    ...managed.map(each => text(template, each)).filter(arn => TOO_MUCH.test(arn)).map(arn => `has the managed policy ${arn}, which allows far more than it does: grant the actions`),
    ...inverted.map(statement => `holds a statement with ${statement.NotAction ? 'NotAction' : 'NotResource'}, which allows what nobody has thought of: list what is allowed`),
    ...line(granted.filter(({ action }) => action.includes('*')), all => `may do ${all}: name the actions`),
    ...line(granted.filter(({ resource, policy }) => resource === '*' && excuse(role, policy) === undefined),
      all => `may do ${all} on '*': name the resource or, where the API takes none, acknowledge '${WILDCARD}' at the role with the reason`),
    ...line(granted.filter(({ why }) => why.length === 0), all => `may do ${all}, and nobody says why: say it where it is granted`),
  ].map(told => `${template.name}: role ${path} ${told}`);
}

/** CDK's own first statement of every key: IAM policies of the account decide who uses it. It is the one `*` action there is. */
export function isKeyOfAccount({ type, statement }: ResourceStatement): boolean {
  return type === 'AWS::KMS::Key' && statement.Effect === 'Allow' && statement.Action === 'kms:*' && JSON.stringify(statement.Principal?.AWS ?? '').includes(':root');
}

/** What no policy of a resource may hold, one line each. */
export function refusedResourceStatement(each: ResourceStatement): string[] {
  const { template, path, statement } = each;
  if (statement.Effect !== 'Allow' || isKeyOfAccount(each)) return [];
  return [statement.Action].flat().filter(action => action.includes('*')).map(action => `${template.name}: the policy of ${path} allows '${action}': name the actions`);
}
