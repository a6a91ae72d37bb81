import { Validations } from 'aws-cdk-lib';
import { IComponent } from '../../constructs/core';
import { Bench, STACK } from '../bench';
import { Benches } from '../benches';
import { ConformanceCase } from '../contract';
import { allowed, render } from '../template';
import { changed } from './swap';

/** The rule, as cdk-nag names it, under which a `*` resource is acknowledged with its reason. */
const ANY_RESOURCE = 'AwsSolutions-IAM5[Resource::*]';
const MANAGED = /(FullAccess|AdministratorAccess|PowerUserAccess)$/;

/** Who may do what because of the component: no more than is needed, and nobody else. */
export function grantRules<C extends IComponent>(benches: Benches<C>): ConformanceCase[] {
  return [
    { name: 'grants: no wildcard action', run: () => noWildcardAction(benches.provider()) },
    { name: 'grants: no wildcard resource', run: () => noWildcardResource(benches.provider()) },
    { name: 'grants: no FullAccess policy', run: () => noFullAccess(benches.provider()) },
    { name: 'grants: to the client only', run: () => toClientOnly(benches) },
  ];
}

function noWildcardAction<C extends IComponent>(bench: Bench<C>) {
  for (const { policy, actions } of allowed(bench.resources)) {
    const wild = actions.find(action => action.includes('*'));
    if (wild) throw new Error(`'${policy}' must allow actions by their whole names, got '${wild}'`);
  }
}

function noWildcardResource<C extends IComponent>(bench: Bench<C>) {
  for (const { policy, actions, resources } of allowed(bench.resources)) {
    if (resources.includes('*') && !isAcknowledged(bench, policy)) {
      throw new Error(`'${policy}' must name the resources of ${actions.join(', ')}, got '*': name them, or acknowledge '${ANY_RESOURCE}' there with the reason`);
    }
  }
}

/** Whether the policy, or a construct around it, acknowledges a `*` resource with a reason. */
function isAcknowledged<C extends IComponent>(bench: Bench<C>, policy: string): boolean {
  return bench.around(policy).some(({ node }) => node.metadata
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .some(({ data }) => Object.entries(data).some(([id, reason]) => id.replace(/^annotation::/i, '') === ANY_RESOURCE && reason)));
}

function noFullAccess<C extends IComponent>(bench: Bench<C>) {
  for (const [path, { Properties }] of Object.entries(bench.resources)) {
    const held = (Properties?.ManagedPolicyArns ?? []).map(render).find((arn: string) => MANAGED.test(arn));
    if (held) throw new Error(`'${path}' must be allowed what it needs, got the managed policy '${held}'`);
  }
}

function toClientOnly<C extends IComponent>(benches: Benches<C>) {
  const [bound, unbound] = [benches.provider(), benches.unbound()];
  const other = changed(bound, unbound).find(path => !path.startsWith(`${STACK}/Client/`));
  if (other) throw new Error(`'bind' must change the policies of its client only, got a change of '${other}'`);
}
