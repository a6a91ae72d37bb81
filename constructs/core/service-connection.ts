import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import { Auth } from './auth';
import { register } from './rotations';
import { routeTo } from './routes';

/** Properties of a `ServiceConnection`. */
export interface ServiceConnectionProps {
  readonly url: string;
  /** Of a form that a Connection can express. */
  readonly auth: Auth;
}

/** The Connection to one service: its credential is a reference that only CloudFormation resolves, inside of it. */
export class ServiceConnection extends Construct {
  public readonly name: string;
  public readonly connectionArn: string;
  /** Without the part that changes with the connection, for policies. */
  public readonly policyArn: string;
  /** The secret in which EventBridge keeps the credential. */
  public readonly secretArn: string;
  /** Whether it leaves the internet out. */
  public readonly isPrivate: boolean;

  constructor(scope: Construct, id: string, public readonly props: ServiceConnectionProps) {
    super(scope, id);
    const { auth: { credential }, auth, url } = props;
    const reference = credential?.field === undefined ? credential?.secret.secretValue : credential.secret.secretValueFromJson(credential.field);
    const { AuthorizationType, AuthParameters } = auth.authorization(reference?.unsafeUnwrap() ?? '', url)!;
    const connection = new events.CfnConnection(this, 'Resource', { authorizationType: AuthorizationType });
    const { AuthorizationEndpoint } = AuthParameters.OAuthParameters ?? {};
    const [toService, toToken] = [url, AuthorizationEndpoint].map(address => address && this.way(address));
    connection.addPropertyOverride('AuthParameters', { ...AuthParameters, ...toToken && { ConnectivityParameters: toToken } });
    if (toService) connection.addPropertyOverride('InvocationConnectivityParameters', toService);
    this.isPrivate = Boolean(toService ?? toToken);
    acknowledge(connection, ['CKV_SECRET_6'], 'it is no secret but a reference to one, which CloudFormation resolves inside of the connection');
    this.name = connection.ref;
    this.connectionArn = connection.attrArn;
    this.policyArn = connection.attrArnForPolicy;
    this.secretArn = connection.attrSecretArn;
    register(this);
  }

  private way(address: string) {
    const configuration = routeTo(this, address);
    return configuration && { ResourceParameters: { ResourceConfigurationArn: configuration } };
  }
}
