import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint } from '../core';
import { ICapturingEndpoint } from '../model-endpoint/model-endpoint';
import { checkFiddler, Fiddler } from './fiddler';
import { IDriftMonitor } from './model-monitor';

/** What a model in Fiddler is used with, wherever Fiddler runs. */
export interface FiddlerOptions {
  /** The endpoint that is watched. */
  readonly endpoint: ICapturingEndpoint;
  /** The id (UUID) of the model in Fiddler, whose schema has the features and the prediction as columns. */
  readonly model: string;
  /** Fiddler's alert rules whose alerts are the verdicts, 1 to 10: their ids (UUID), by the name that each verdict is told under. */
  readonly alertRules: { [name: string]: string };
  /** Holds an API key. */
  readonly apiKey: ISecret;
  /**
   * The field of `apiKey`.
   * @default - the whole secret
   */
  readonly apiKeyField?: string;
  /**
   * The features' names, in the order of the columns.
   * @default - the names in JSON, or else `feature_0` and so on
   */
  readonly features?: string[];
  /**
   * The model's column of the prediction.
   * @default prediction
   */
  readonly predictionColumn?: string;
  /**
   * The model's column of the time (ISO 8601), `event_ts_col`.
   * @default - Fiddler takes the time at which traffic reaches it
   */
  readonly timestampColumn?: string;
  /**
   * The model's column of the event's id, `event_id_col`.
   * @default - Fiddler gives an id
   */
  readonly idColumn?: string;
}

/** Properties of a `FiddlerModelMonitor`. */
export interface FiddlerModelMonitorProps extends FiddlerOptions {
  /** Fiddler's https:// URL. */
  readonly url: string;
}

/**
 * Sends an endpoint's captured traffic to Fiddler, whose alert rules judge it, and asks Fiddler for their alerts: its webhooks are for Slack and Teams
 * alone, and show no credential.
 * @see https://docs.fiddler.ai/api/rest-api/rest-api/alert-rules
 */
export class FiddlerModelMonitor extends Construct implements IDriftMonitor {
  private readonly fiddler: Fiddler;

  constructor(scope: Construct, id: string, props: FiddlerModelMonitorProps) {
    super(scope, id);
    checkFiddler(props);
    const { url, apiKey, apiKeyField } = props;
    this.fiddler = new Fiddler(this, new ExternalEndpoint(url, Auth.bearer(apiKey, apiKeyField)), props);
  }

  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return this.fiddler.onUnhealthy(id, target);
  }

  public onDrift(id: string, target: events.IRuleTarget): events.Rule {
    return this.fiddler.onDrift(id, target);
  }

  /** Fiddler's client reads no variables: `fdl.init` takes the URL and the key. */
  public bind(_client: iam.IGrantable): Binding {
    return { provider: 'fiddler', address: this.fiddler.url, ...this.fiddler.reached() };
  }
}
