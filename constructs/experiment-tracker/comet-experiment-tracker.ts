import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint } from '../core';
import { check, FILLED, fixed, like, text } from '../core/validation';
import { EXPERIMENT, IExperimentTracker } from './experiment-tracker';

/** Properties of a `CometExperimentTracker`. */
export interface CometExperimentTrackerProps {
  /** Holds an API key. */
  readonly apiKey: ISecret;
  /**
   * The field of the secret's JSON that holds the key.
   * @default - the whole secret
   */
  readonly apiKeyField?: string;
  /**
   * The workspace that experiments are logged to.
   * @default - the default workspace of the key
   */
  readonly workspace?: string;
  /**
   * The project that experiments are logged to.
   * @default - what the script says
   */
  readonly project?: string;
  /**
   * The https:// URL of the server.
   * @default https://www.comet.com
   */
  readonly url?: string;
}

/**
 * Tracks experiments with Comet, in its cloud or on a server of one's own.
 * @see https://www.comet.com/docs/v2/guides/experiment-management/configure-sdk/
 */
export class CometExperimentTracker extends Construct implements IExperimentTracker {
  private readonly endpoint: ExternalEndpoint;

  constructor(scope: Construct, id: string, private readonly props: CometExperimentTrackerProps) {
    super(scope, id);
    check(props, z => ({
      apiKey: like(z, 'a secret (ISecret)', 'secretArn'), apiKeyField: text(z, ...FILLED), workspace: fixed(z, /^[\w.-]{1,128}$/, "a workspace's name"), project: text(z, ...EXPERIMENT),
    }), 'apiKey');
    this.endpoint = new ExternalEndpoint(props.url ?? 'https://www.comet.com', Auth.header('Authorization', props.apiKey, props.apiKeyField));
    this.endpoint.warnIfLoopback(this);
  }

  public bind(_client: iam.IGrantable): Binding {
    const { apiKey, apiKeyField, workspace, project } = this.props;
    return {
      provider: 'comet', address: this.endpoint.url,
      variables: {
        COMET_URL_OVERRIDE: `${this.endpoint.url}/clientlib/`,
        ...workspace !== undefined && { COMET_WORKSPACE: workspace },
        ...project !== undefined && { COMET_PROJECT_NAME: project },
      },
      secrets: { COMET_API_KEY: { secret: apiKey, field: apiKeyField } },
      probes: this.endpoint.probes('COMET_API_KEY', { authorized: { path: '/api/rest/v2/workspaces', expects: {} } }),
    };
  }
}
