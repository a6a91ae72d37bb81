import { Aws, Fn, Names } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/**
 * A name that is known at synth, for what must keep its name. Lower case, since SageMaker's ARNs are and IAM compares
 * letter by letter.
 * @param maxLength at least 16
 * @param separator `-`, or nothing for what takes letters and digits alone
 */
export function stableName(scope: Construct, maxLength: number, separator: string = '-'): string {
  return Names.uniqueResourceName(scope, { maxLength, separator, allowedSpecialCharacters: separator }).toLowerCase();
}

/**
 * A name for what is retained and has a fixed name: it ends in a part of the stack's own id, so that what an earlier
 * stack of this name left behind does not block the next one.
 */
export function retainedName(scope: Construct, maxLength: number, separator: string = '-'): string {
  const stackId = Fn.select(0, Fn.split('-', Fn.select(2, Fn.split('/', Aws.STACK_ID))));
  return `${stableName(scope, maxLength - 9, separator)}${separator}${stackId}`;
}
