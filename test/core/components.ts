import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Binding, IComponent } from '../../constructs/core';

/** A component that binds whatever it is told. */
export class Anything extends Construct implements IComponent {
  constructor(scope: Construct, id: string, private readonly binding: Partial<Binding>) {
    super(scope, id);
  }

  public bind(_client: iam.IGrantable): Binding {
    return { provider: 'anyone', address: 'https://any.dev', variables: {}, ...this.binding };
  }
}

/** A role of its own in `stack`. */
export function role(stack: Stack, id = 'Role'): iam.Role {
  return new iam.Role(stack, id, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
}

/** A secret that exists, known by its name. */
export function secret(stack: Stack, name = 'acme/mlflow'): secretsmanager.ISecret {
  return secretsmanager.Secret.fromSecretNameV2(stack, name.replace('/', ''), name);
}
