import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Auth, AuthScheme, Binding, ExternalEndpoint, SecretField } from '../core';
import { check, like, text } from '../core/validation';
import { EXPERIMENT, IExperimentTracker, SEARCH } from './experiment-tracker';

/** Properties of an `MlflowExperimentTracker`. */
export interface MlflowExperimentTrackerProps {
  /** The MLflow server's https:// URL. */
  readonly url: string;
  /**
   * How the server knows its callers: `Auth.basic`, `Auth.bearer` or `Auth.none`.
   * @default Auth.none()
   */
  readonly auth?: Auth;
  /**
   * The MLflow experiment that jobs log to.
   * @default - MLflow's `Default` experiment
   */
  readonly experiment?: string;
}

/**
 * Tracks experiments with an MLflow server that this stack does not manage.
 * @see https://mlflow.org/docs/latest/self-hosting/security/basic-http-auth/
 */
export class MlflowExperimentTracker extends Construct implements IExperimentTracker {
  private readonly endpoint: ExternalEndpoint;
  private readonly variables: { [name: string]: string };
  private readonly secrets: { [name: string]: SecretField };

  constructor(scope: Construct, id: string, props: MlflowExperimentTrackerProps) {
    super(scope, id);
    check(props, z => ({ auth: like(z, 'an Auth', 'scheme', 'authorization'), experiment: text(z, ...EXPERIMENT) }));
    const auth = props.auth ?? Auth.none();
    const { username, credential } = auth;
    if (![AuthScheme.BASIC, AuthScheme.BEARER, AuthScheme.NONE].includes(auth.scheme)) {
      throw new Error(`'auth' must be Auth.basic, Auth.bearer or Auth.none, got Auth.${auth.scheme}, which MLflow's client cannot send`);
    }
    this.endpoint = new ExternalEndpoint(props.url, auth);
    this.endpoint.warnIfLoopback(this);
    this.variables = {
      MLFLOW_TRACKING_URI: this.endpoint.url,
      ...username !== undefined && { MLFLOW_TRACKING_USERNAME: username },
      ...props.experiment !== undefined && { MLFLOW_EXPERIMENT_NAME: props.experiment },
    };
    this.secrets = credential ? { [username === undefined ? 'MLFLOW_TRACKING_TOKEN' : 'MLFLOW_TRACKING_PASSWORD']: credential } : {};
  }

  public bind(_client: iam.IGrantable): Binding {
    const probes = this.endpoint.probes(Object.keys(this.secrets)[0], { alive: '/health', authorized: SEARCH, version: { path: '/version', matches: '^[23]\\.' } });
    return { provider: 'mlflow', address: this.endpoint.url, variables: this.variables, secrets: this.secrets, probes };
  }
}
