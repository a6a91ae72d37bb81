import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint, ProbeSubject } from '../core';
import { check, FILLED, fixed, like, text } from '../core/validation';
import { IExperimentTracker, SEARCH } from './experiment-tracker';

/** Properties of a `DatabricksExperimentTracker`. */
export interface DatabricksExperimentTrackerProps {
  /** The workspace's https:// URL. */
  readonly url: string;
  /** Holds a personal access token, or JSON with the token or a service principal's OAuth secret in a field. */
  readonly token: ISecret;
  /**
   * The field of the secret's JSON.
   * @default - the whole secret
   */
  readonly tokenField?: string;
  /**
   * A service principal's client id: the secret is then its OAuth secret instead of a token.
   * @default - the secret is a personal access token
   */
  readonly clientId?: string;
  /**
   * The experiment, by its path in the workspace, such as `/Shared/churn`.
   * @default - what the script says
   */
  readonly experiment?: string;
}

/**
 * Tracks experiments with the MLflow server of a Databricks workspace.
 * @see https://docs.databricks.com/aws/mlflow/tracking-server-configuration
 */
export class DatabricksExperimentTracker extends Construct implements IExperimentTracker {
  private readonly endpoint: ExternalEndpoint;

  constructor(scope: Construct, id: string, private readonly props: DatabricksExperimentTrackerProps) {
    super(scope, id);
    check(props, z => ({
      token: like(z, 'a secret (ISecret)', 'secretArn'), tokenField: text(z, ...FILLED), clientId: text(z, ...FILLED),
      experiment: fixed(z, /^\/[^\p{C}]{1,499}$/u, "a path in the workspace that starts with '/', of at most 500 characters"),
    }), 'token');
    this.endpoint = new ExternalEndpoint(props.url, Auth.bearer(props.token, props.tokenField));
    this.endpoint.warnIfLoopback(this);
  }

  public bind(_client: iam.IGrantable): Binding {
    const { token: secret, tokenField: field, clientId, experiment } = this.props;
    return {
      provider: 'databricks', address: this.endpoint.url,
      variables: {
        MLFLOW_TRACKING_URI: 'databricks', DATABRICKS_HOST: this.endpoint.url,
        ...clientId !== undefined && { DATABRICKS_CLIENT_ID: clientId },
        ...experiment !== undefined && { MLFLOW_EXPERIMENT_NAME: experiment },
      },
      secrets: { [clientId === undefined ? 'DATABRICKS_TOKEN' : 'DATABRICKS_CLIENT_SECRET']: { secret, field } },
      // The secret of a service principal is exchanged for a token first.
      probes: clientId === undefined ? this.endpoint.probes('DATABRICKS_TOKEN', { authorized: SEARCH })
        : [...this.endpoint.probes('').slice(0, 1), {
          shows: ProbeSubject.AUTHORIZED, url: `${this.endpoint.url}/oidc/v1/token?grant_type=client_credentials&scope=all-apis`, method: 'POST',
          basic: `${clientId}:\${DATABRICKS_CLIENT_SECRET}`, expects: { token_type: 'Bearer' },
        }],
    };
  }
}
