import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint } from '../core';
import { check, FILLED, fixed, like, text } from '../core/validation';
import { EXPERIMENT, IExperimentTracker } from './experiment-tracker';

/** Properties of a `WandbExperimentTracker`. */
export interface WandbExperimentTrackerProps {
  /** Holds an API key; a service account's is best. */
  readonly apiKey: ISecret;
  /**
   * The field of the secret's JSON that holds the key.
   * @default - the whole secret
   */
  readonly apiKeyField?: string;
  /**
   * The user or team that runs are logged to.
   * @default - the default entity of the key
   */
  readonly entity?: string;
  /**
   * The project that runs are logged to.
   * @default - what the script says
   */
  readonly project?: string;
  /**
   * The https:// URL of the server.
   * @default https://api.wandb.ai
   */
  readonly url?: string;
}

/**
 * Tracks experiments with Weights & Biases, in its cloud or on a server of one's own.
 * @see https://docs.wandb.ai/guides/track/environment-variables/
 */
export class WandbExperimentTracker extends Construct implements IExperimentTracker {
  private readonly endpoint: ExternalEndpoint;

  constructor(scope: Construct, id: string, private readonly props: WandbExperimentTrackerProps) {
    super(scope, id);
    check(props, z => ({
      apiKey: like(z, 'a secret (ISecret)', 'secretArn'), apiKeyField: text(z, ...FILLED), entity: fixed(z, /^[\w.-]{1,128}$/, "a user's or team's name"), project: text(z, ...EXPERIMENT),
    }), 'apiKey');
    this.endpoint = new ExternalEndpoint(props.url ?? 'https://api.wandb.ai', Auth.basic('api', props.apiKey, props.apiKeyField));
    this.endpoint.warnIfLoopback(this);
  }

  public bind(_client: iam.IGrantable): Binding {
    const { apiKey, apiKeyField, entity, project } = this.props;
    return {
      provider: 'wandb', address: this.endpoint.url,
      variables: {
        WANDB_BASE_URL: this.endpoint.url,
        ...entity !== undefined && { WANDB_ENTITY: entity },
        ...project !== undefined && { WANDB_PROJECT: project },
      },
      secrets: { WANDB_API_KEY: { secret: apiKey, field: apiKeyField } },
      probes: this.endpoint.probes('WANDB_API_KEY', {
        alive: '/healthz', authorized: { path: '/graphql', body: { query: 'query { viewer { id } }' }, expects: {}, matches: '"viewer": *\\{' },
      }),
    };
  }
}
