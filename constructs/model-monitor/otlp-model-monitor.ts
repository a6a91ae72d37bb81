import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, AuthScheme, Binding, ExternalEndpoint, WebhookSignature } from '../core';
import { check, FILLED, like, oneOf, text } from '../core/validation';
import { ICapturingEndpoint } from '../model-endpoint/model-endpoint';
import { WebhookIngress } from '../webhook-ingress/webhook-ingress';
import { CaptureForwarder } from './capture-forwarder';
import { IDriftMonitor } from './model-monitor';
import { capturing, onUnhealthy } from './unhealthy';
import { Verdicts } from './verdicts';

/** What of the traffic an OTLP receiver is sent. */
export enum OtlpSignal {
  /** How many, the sum, the smallest and the largest of each number, as deltas. */
  METRICS = 'metrics',
  /** A record for each inference. */
  LOGS = 'logs',
}

/** Properties of an `OtlpModelMonitor`. */
export interface OtlpModelMonitorProps {
  /** The endpoint that is watched. */
  readonly endpoint: ICapturingEndpoint;
  /** The receiver's https:// URL, to which `/v1/metrics` and `/v1/logs` are added. */
  readonly url: string;
  /** Holds what the vendor shows with its webhooks. */
  readonly webhookSecret: ISecret;
  /**
   * The field of `webhookSecret`.
   * @default - the whole secret
   */
  readonly webhookSecretField?: string;
  /**
   * How the vendor shows that a webhook is its own.
   * @default WebhookSignature.token('Authorization', 'Bearer ')
   */
  readonly webhookSignature?: WebhookSignature;
  /**
   * How the receiver knows its callers, such as `Auth.header('dd-api-key', secret)`.
   * @default Auth.none()
   */
  readonly auth?: Auth;
  /**
   * What the receiver is sent.
   * @default [OtlpSignal.METRICS, OtlpSignal.LOGS]
   */
  readonly signals?: OtlpSignal[];
  /**
   * The features' names, in the order of the columns.
   * @default - the names in JSON, or else `feature_0` and so on
   */
  readonly features?: string[];
}

/** The alerts of a webhook of Alertmanager or Grafana, which other vendors' templates can write too. */
const VERDICTS = `${Verdicts.INPUT}.detail.alerts[status = 'firing'].{
  'check': labels.alertname,
  'reason': annotations.summary ? annotations.summary : annotations.description ? annotations.description : labels.alertname & ' is firing'
}`;

/**
 * Sends an endpoint's captured traffic to any OTLP receiver (Datadog, Grafana, New Relic, Prometheus, a collector), whose alert rules judge it; their
 * webhooks are the verdicts.
 * @see https://opentelemetry.io/docs/specs/otlp/ and, for the webhook, https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export class OtlpModelMonitor extends Construct implements IDriftMonitor {
  /** What the vendor posts its alerts to. */
  public readonly webhookUrl: string;
  private readonly receiver: ExternalEndpoint;
  private readonly forwarder: CaptureForwarder;
  private readonly verdicts: Verdicts;

  constructor(scope: Construct, id: string, props: OtlpModelMonitorProps) {
    super(scope, id);
    check(props, z => ({
      endpoint: capturing(z), auth: like(z, 'an Auth', 'scheme', 'credentials'), webhookSecret: like(z, 'a secret (secretsmanager.ISecret)', 'secretArn', 'secretValueFromJson'),
      webhookSecretField: text(z, /^[\w.\-/+=@]{1,256}$/, "a field of the secret's JSON, of letters, digits and _ . - / + = @"),
      signals: z.array(oneOf(z, Object.values(OtlpSignal), `an OtlpSignal (${Object.values(OtlpSignal).join(', ')})`)).min(1, { error: 'must be at least one OtlpSignal, got none' }),
      features: z.array(text(z, ...FILLED)),
    }), 'endpoint', 'webhookSecret');
    const { endpoint, url, auth = Auth.none(), signals = [OtlpSignal.METRICS, OtlpSignal.LOGS], features, webhookSecret, webhookSecretField } = props;
    if (auth.scheme === AuthScheme.BODY) throw new Error("'auth' must be known by a header, got Auth.body, for which OTLP has no place");
    this.receiver = new ExternalEndpoint(url, auth);
    this.receiver.warnIfLoopback(this);
    const options = { signals, service: this.node.path };
    this.forwarder = new CaptureForwarder(this, 'Traffic', { endpoint, vendor: this.receiver, format: 'otlp', options, features });
    const signature = props.webhookSignature ?? WebhookSignature.token('Authorization', 'Bearer ');
    const ingress = new WebhookIngress(this, 'Webhook', { secret: webhookSecret, secretField: webhookSecretField, signature });
    this.webhookUrl = ingress.url;
    this.verdicts = new Verdicts(this, 'Verdicts', { when: { eventBus: ingress.bus, eventPattern: { ...ingress.pattern, detail: { status: ['firing'] } } }, verdicts: VERDICTS });
  }

  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return onUnhealthy(this, id, [this.verdicts.arn, this.verdicts.alarm.alarmArn, this.forwarder.alarm.alarmArn], target);
  }

  public onDrift(id: string, target: events.IRuleTarget): events.Rule {
    return this.verdicts.onDrift(this, id, target);
  }

  /** In the names of OpenTelemetry's SDKs. `OTEL_EXPORTER_OTLP_HEADERS` would hold the credential: it is a secret of its own name. */
  public bind(_client: iam.IGrantable): Binding {
    const { username, credential } = this.receiver.auth;
    const probe = { path: '/v1/metrics', method: 'POST', body: { resourceMetrics: [] } };
    return {
      provider: 'otlp', address: this.receiver.url,
      variables: { OTEL_EXPORTER_OTLP_ENDPOINT: this.receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', ...username !== undefined && { MLOPS_OTLP_USERNAME: username } },
      secrets: credential ? { MLOPS_OTLP_CREDENTIAL: credential } : {},
      probes: this.receiver.probes('MLOPS_OTLP_CREDENTIAL', { alive: '/v1/metrics', authorized: probe }),
    };
  }
}
