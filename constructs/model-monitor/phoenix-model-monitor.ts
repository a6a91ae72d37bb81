import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint } from '../core';
import { check, FILLED, fixed, text } from '../core/validation';
import { ICapturingEndpoint } from '../model-endpoint/model-endpoint';
import { CaptureForwarder } from './capture-forwarder';
import { IModelMonitor } from './model-monitor';
import { capturing, onUnhealthy } from './unhealthy';

/** Properties of a `PhoenixModelMonitor`. */
export interface PhoenixModelMonitorProps {
  /** The endpoint that is watched. */
  readonly endpoint: ICapturingEndpoint;
  /** The https:// URL of Phoenix; in Phoenix Cloud, of the space. */
  readonly url: string;
  /** The project that the traffic goes to, which Phoenix makes when it is new: 1 to 100 letters, digits, `_`, `.` and `-`, the first no `.` or `-`. */
  readonly project: string;
  /**
   * Holds an API key that may write.
   * @default - Phoenix knows no callers
   */
  readonly apiKey?: ISecret;
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
}

/**
 * Sends an endpoint's captured traffic to Phoenix, a span for each inference, to be looked at and evaluated there. Phoenix tells nobody of drift:
 * `onUnhealthy` tells when the traffic did not reach it.
 * @see https://arize.com/docs/phoenix
 */
export class PhoenixModelMonitor extends Construct implements IModelMonitor {
  private readonly phoenix: ExternalEndpoint;
  private readonly forwarder: CaptureForwarder;

  constructor(scope: Construct, id: string, private readonly props: PhoenixModelMonitorProps) {
    super(scope, id);
    check(props, z => ({ endpoint: capturing(z), project: fixed(z, /^\w[\w.-]{0,99}$/, '1 to 100 letters, digits, _, . and -, the first no . or -'), features: z.array(text(z, ...FILLED)) }), 'endpoint', 'project');
    const { endpoint, url, project, apiKey, apiKeyField, features } = props;
    this.phoenix = new ExternalEndpoint(url, apiKey ? Auth.bearer(apiKey, apiKeyField) : Auth.none());
    this.phoenix.warnIfLoopback(this);
    this.forwarder = new CaptureForwarder(this, 'Traffic', { endpoint, vendor: this.phoenix, format: 'phoenix', options: { project }, features });
  }

  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return onUnhealthy(this, id, [this.forwarder.alarm.alarmArn], target);
  }

  /** In the names that Phoenix's own clients read. */
  public bind(_client: iam.IGrantable): Binding {
    const { url, auth: { credential } } = this.phoenix;
    const nothing = { path: `/v1/projects/${this.props.project}/spans`, method: 'POST', body: { data: [] } };
    return {
      provider: 'phoenix', address: url, variables: { PHOENIX_COLLECTOR_ENDPOINT: url, PHOENIX_PROJECT_NAME: this.props.project }, secrets: credential ? { PHOENIX_API_KEY: credential } : {},
      probes: this.phoenix.probes('PHOENIX_API_KEY', {
        alive: '/healthz', authorized: { ...nothing, expects: { total_queued: 0 } }, version: { path: '/arize_phoenix_version', matches: '^(1[1-9]|[2-9]\\d)\\.' },
      }),
    };
  }
}
