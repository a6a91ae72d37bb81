import { Template } from '../template';

const PSEUDO: { [name: string]: string } = {
  'AWS::Partition': '<partition>', 'AWS::Region': '<region>', 'AWS::AccountId': '<account>', 'AWS::URLSuffix': '<suffix>', 'AWS::StackName': '<stack>', 'AWS::StackId': '<stack id>',
};

/** The construct behind a resource, without its stack and without the L1 in it. */
export function constructOf(template: Template, logicalId: string): string {
  return template.pathOf(logicalId).replace(/^[^/]+\//, '').replace(/(\/(Resource|Default))+$/, '');
}

/** `value` of a template as a person reads it: a reference is the construct's path in braces. */
export function text(template: Template, value: any): string {
  const of = (inner: any) => text(template, inner);
  const named = (logicalId: string) => PSEUDO[logicalId] ?? `{${constructOf(template, logicalId)}}`;
  if (typeof value !== 'object' || value === null) return String(value).replace(/[0-9a-f]{64}/g, '<hash>');
  if (Array.isArray(value)) return value.map(of).join(', ');
  const entries = Object.entries<any>(value);
  const [[name, argument]] = entries;
  switch (name) {
    case 'Ref': return named(argument);
    case 'Fn::GetAtt': {
      const [logicalId, attribute] = [argument].flat().join('.').split(/\.(.*)/s);
      return attribute === 'Arn' ? named(logicalId) : `{${constructOf(template, logicalId)}.${attribute}}`;
    }
    case 'Fn::Join': return (argument[1] as any[]).map(of).join(argument[0]);
    case 'Fn::Sub': return of([argument].flat()[0]).replace(/\$\{([^}]+)\}/g, (_all, reference) => named(reference));
    case 'Fn::FindInMap': return `<${argument[0]}>`;
    case 'Fn::Select': return of(argument[1]);
    case 'Fn::Split': return of(argument[1]);
    default: return entries.map(([key, inner]) => `${key} ${of(inner)}`).join(', ');
  }
}

/** An ARN of this account and region as `<service>:<resource>`; any other text as it is. Names without the stack's name and the digests of its paths. */
export function resource(template: Template, value: any): string {
  const [[first]] = Object.entries<any>(template.body.Resources);
  const stack = template.pathOf(first).split('/')[0].split('-').join('-?');
  return text(template, value)
    .replace(/^arn:<partition>:([^:]+):(?:<region>)?:(?:<account>)?:/, '$1:')
    .replace(new RegExp(`(?<=[/:])${stack}(?=-)`, 'i'), '<stack>')
    .replace(/-[0-9a-f]{8}(?=[-/:]|$)/gi, '-<digest>');
}

/** The condition of a statement, such as `iam:PassedToService` = `sagemaker.amazonaws.com`. */
export function condition(template: Template, value: any): string {
  return Object.entries<any>(value ?? {}).flatMap(([operator, keys]) => Object.entries<any>(keys)
    .map(([key, expected]) => `\`${key}\` ${OPERATORS[operator] ?? operator} ${[expected].flat().map(each => `\`${text(template, each)}\``).join(' or ')}`)).join(', ');
}

const OPERATORS: { [operator: string]: string } = {
  StringEquals: 'is', StringLike: 'is like', ArnLike: 'is like', ArnEquals: 'is', Bool: 'is', NumericLessThan: 'is less than',
};
