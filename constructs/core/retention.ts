import { RemovalPolicy } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { check, mustBe } from './validation';

/** The context that lets a stack delete what it stores. */
export const ALLOW_DESTROY = 'cdk-mlops:allowDestroy';

/**
 * What holds data is retained unless two keys agree: the prop, and the context `cdk-mlops:allowDestroy`.
 * @throws when only the prop asks for it, or it asks for a snapshot
 */
export function retention(scope: Construct, removalPolicy: RemovalPolicy = RemovalPolicy.RETAIN): RemovalPolicy {
  const allowed = [RemovalPolicy.RETAIN, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, RemovalPolicy.DESTROY];
  check({ removalPolicy }, z => ({ removalPolicy: mustBe(z, 'RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY (RemovalPolicy)', it => allowed.includes(it)) }));
  if (removalPolicy === RemovalPolicy.DESTROY && !['true', true].includes(scope.node.tryGetContext(ALLOW_DESTROY))) {
    throw new Error(`'removalPolicy' must be RETAIN unless the context '${ALLOW_DESTROY}' is true, got DESTROY for '${scope.node.path}': data would be deleted with the stack`);
  }
  return removalPolicy;
}
