import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { allow, grant, readSecret } from './grants';
import { AWS_ALONE, Handler } from './handler';
import { appoint, connectionIn, followerOf } from './rotations';
import { ServiceConnection } from './service-connection';

/** Stands for the secret in what the function is told. */
const CREDENTIAL = '${CREDENTIAL}';

/**
 * For a stack whose secrets are rotated while it runs: brings each new value into the connections that hold a copy of the old one, and lets
 * steps wait for it, up to a minute, when a service refuses them (401). One for a stack, made before the components that call services.
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/secret-event-notifications.html
 */
export class SecretRotation extends Construct {
  private readonly function: Handler;

  /** @throws when the stack has one already, or a connection that it would miss */
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const [other, early] = [followerOf(this), connectionIn(this)];
    if (other) throw new Error(`'${this.node.path}' must be the only SecretRotation of its stack, got it besides '${other.node.path}'`);
    if (early) throw new Error(`'${this.node.path}' must be made before the components that call services, got it after '${early.node.scope!.node.path}'`);
    this.function = new Handler(this, 'Function', {
      name: 'propagate', description: 'Brings rotated secrets into connections', timeout: Duration.minutes(1),
      without: {
        deadLetters: 'it is tried again; after that, steps fail with Mlops.Unauthorized, which alerts', reservedConcurrency: 'a rotation is a rare event', vpc: AWS_ALONE,
      },
    });
    appoint(this);
  }

  /**
   * Brings each new value of the secret behind `connection` into it.
   * @internal
   */
  public _follow(connection: ServiceConnection): void {
    const { auth: { credential }, auth, url } = connection.props;
    if (!credential) return;
    if (connection.isPrivate) throw new Error(`'${this.node.path}' must be left out of a stack that has a PrivateLink to a service, got one to '${url}': after a rotation, deploy a change of the connection`);
    const { secret, field } = credential;
    const copies = Stack.of(this).formatArn({ service: 'secretsmanager', resource: 'secret', resourceName: `events!connection/${connection.name}/*`, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    grant(this.function, readSecret(credential), 'reads what was rotated');
    grant(this.function, [
      allow(['events:UpdateConnection'], [connection.policyArn]),
      // EventBridge keeps its copy in the name of whoever updates the connection.
      allow(['secretsmanager:CreateSecret', 'secretsmanager:UpdateSecret', 'secretsmanager:PutSecretValue', 'secretsmanager:GetSecretValue'], [copies]),
    ], 'brings it into the connection');
    new events.Rule(connection, 'Rotated', {
      description: 'The secret has a new value',
      eventPattern: {
        source: ['aws.secretsmanager'], detailType: ['Secret Label Updated'], detail: { labelUpdated: ['AWSCURRENT'] },
        resources: secret.secretFullArn ? [secret.secretFullArn] : events.Match.prefix(`${secret.secretArn}-`),
      },
      targets: [new targets.LambdaFunction(this.function, {
        event: events.RuleTargetInput.fromObject({ secret: secret.secretArn, field, connection: { Name: connection.name, ...auth.authorization(CREDENTIAL, url) } }),
      })],
    });
  }
}
