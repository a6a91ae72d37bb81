import { attribute, evaluate, substituted } from '../intrinsics';
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
  const named = (logicalId: string) => PSEUDO[logicalId] ?? `{${constructOf(template, logicalId)}}`;
  return flat(evaluate(value, {
    'Ref': named,
    'Fn::GetAtt': argument => {
      const [logicalId, name] = attribute(argument);
      return name === 'Arn' ? named(logicalId) : `{${constructOf(template, logicalId)}.${name}}`;
    },
    'Fn::Join': ([separator, parts], of) => parts.map((part: any) => flat(of(part))).join(separator),
    'Fn::Sub': substituted,
    'Fn::FindInMap': ([map]) => `<${map}>`,
    'Fn::Select': ([, list], of) => of(list),
    'Fn::Split': ([, whole], of) => of(whole),
  }));
}

function flat(value: any): string {
  if (typeof value !== 'object' || value === null) return String(value).replace(/[0-9a-f]{64}/g, '<hash>');
  return Array.isArray(value) ? value.map(flat).join(', ') : Object.entries(value).map(([key, inner]) => `${key} ${flat(inner)}`).join(', ');
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
