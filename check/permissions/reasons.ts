import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { reasonsOf } from '../../constructs/core/grants';

/** One action on one resource that a policy allows. */
export interface Permission {
  readonly action: string;
  readonly resource: any;
  readonly condition?: any;
}

/** The permissions of a statement, one by one. */
export function permissionsOf(statement: any): Permission[] {
  return [statement.Action].flat().flatMap(action => [statement.Resource].flat().map(resource => ({ action, resource, condition: statement.Condition })));
}

/** What CDK's own constructs grant to a role of theirs. */
const GRANTED_BY_CDK: { [why: string]: RegExp } = {
  'Step Functions delivers the log of the runs': /^logs:(Create|Get|Update|Delete|List)LogDeliver(y|ies)$|^logs:(PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups)$/,
  'Step Functions traces the runs': /^xray:(PutTraceSegments|PutTelemetryRecords|GetSamplingRules|GetSamplingTargets)$/,
  'the rule starts the state machine': /^states:StartExecution$/,
};

/** Why each permission is granted, as the code that grants says. */
export class Reasons {
  /** Hears of all that is added to a policy from now on: afterwards, CDK merges statements, and the reasons would be lost. */
  public static listen(): Reasons {
    const reasons = new Reasons();
    const { addStatements } = iam.Policy.prototype;
    iam.Policy.prototype.addStatements = function (this: iam.Policy, ...statements: iam.PolicyStatement[]) {
      reasons.added.push(...statements.map(statement => ({ policy: this, statement })));
      addStatements.call(this, ...statements);
    };
    return reasons;
  }

  private readonly added: { policy: iam.Policy; statement: iam.PolicyStatement }[] = [];
  private readonly known = new Map<string, Set<string>>();

  private constructor() {}

  /** Takes in what was added since the last time, and forgets what was before: called when an app is synthesized. */
  public settle(): void {
    this.known.clear();
    for (const { policy, statement } of this.added.splice(0)) {
      const resolved = Stack.of(policy).resolve(statement.toStatementJson());
      for (const permission of permissionsOf(resolved)) {
        const key = keyOf(`${policy.node.path}/Resource`, permission);
        const granted = this.known.get(key) ?? new Set();
        reasonsOf(statement).forEach(why => granted.add(why));
        this.known.set(key, granted);
      }
    }
  }

  /** Why the policy at `path` allows `permission`. */
  public of(path: string, permission: Permission): string[] {
    const said = [...this.known.get(keyOf(path, permission)) ?? []];
    return said.length ? said.sort() : Object.keys(GRANTED_BY_CDK).filter(why => GRANTED_BY_CDK[why].test(permission.action));
  }
}

function keyOf(path: string, { action, resource, condition }: Permission): string {
  return JSON.stringify([path, action, resource, condition ?? null]);
}
