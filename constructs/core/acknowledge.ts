import { Stack, Validations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/**
 * Says beside the code why `construct`, with all below it, breaks rules of well-known judges of templates on purpose.
 * CDK's own validation and cdk-nag pass over what is acknowledged; `npm run check` does so for every judge.
 * @param rules by the judges' own names: cdk-nag's, checkov's, cfn-lint's, Control Tower's
 */
export function acknowledge(construct: IConstruct, rules: string[], reason: string): void {
  // What `Validations.of(construct).acknowledge` records too, besides a stack trace for each, which a synthesis would feel.
  construct.node.addMetadata(Validations.ACKNOWLEDGED_RULES_METADATA_KEY, Object.fromEntries(rules.map(id => [`Annotation::${id}`, reason])));
}

/** What every app of aws-cdk-lib does by its construction: acknowledged once, at the stack. */
export function acknowledgeConstruction(stack: Stack): void {
  acknowledge(stack, ['NIST.800.53.R5-IAMNoInlinePolicy'], "aws-cdk-lib writes a role's permissions beside the role, as a policy of that role alone");
  acknowledge(stack, ['W3005'], 'aws-cdk-lib names a role and its policies as dependencies, though a reference to the role is one already');
}

/** A state machine that writes a log and is traced. */
export function acknowledgeMachine(machine: IConstruct): void {
  acknowledge(machine, ['AwsSolutions-IAM5[Resource::*]'], 'X-Ray and the delivery of logs take no resource');
  acknowledge(machine, ['AwsSolutions-SF1'], 'it logs errors; the history of each execution holds the rest for 90 days');
}

/** What is acknowledged already, by stack. */
const PATTERNS = new WeakMap<Stack, Set<string>>();

/**
 * Says why `resources` hold a `*` after a name: IAM knows no narrower resource for what has no name before it is made, or for
 * what lies under a prefix. Only these very patterns are acknowledged, in the stack of `scope`; a `*` alone is not.
 */
export function acknowledgePatterns(scope: IConstruct, resources: string[], reason: string): void {
  const stack = Stack.of(scope);
  const known = PATTERNS.get(stack) ?? new Set();
  PATTERNS.set(stack, known);
  for (const resource of resources) {
    if (resource === '*' || !resource.includes('*')) continue;
    const id = `AwsSolutions-IAM5[Resource::${flat(stack.resolve(resource))}]`;
    if (!known.has(id) && isClosed(id)) acknowledge(stack, [id], `${reason}; what lies under the prefix is not known before it is made`);
    known.add(id);
  }
}

/** Whether every bracket is closed: aws-cdk-lib takes no other id. */
function isClosed(id: string): boolean {
  let brackets = id.replace(/[^()[\]{}<>]/g, '');
  for (let before = ''; before !== brackets;) {
    before = brackets;
    brackets = brackets.replace(/\(\)|\[\]|\{\}|<>/g, '');
  }
  return brackets === '';
}

/** A resource as cdk-nag's findings name it. */
function flat(value: any): string {
  if (typeof value === 'string') return value.replace(/\$\{/g, '<').replace(/\}/g, '>');
  if (value['Fn::Join']) return value['Fn::Join'][1].map(flat).join(value['Fn::Join'][0]);
  if (value['Fn::GetAtt']) return `<${value['Fn::GetAtt'].join('.')}>`;
  return value.Ref ? `<${value.Ref}>` : JSON.stringify(value);
}
