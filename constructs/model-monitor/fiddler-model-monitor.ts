import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, Call, ExternalEndpoint } from '../core';
import { check, FILLED, fixed, text } from '../core/validation';
import { ICapturingEndpoint } from '../model-endpoint/model-endpoint';
import { CaptureForwarder } from './capture-forwarder';
import { IDriftMonitor } from './model-monitor';
import { capturing, onUnhealthy } from './unhealthy';
import { Verdicts } from './verdicts';

/** Properties of a `FiddlerModelMonitor`. */
export interface FiddlerModelMonitorProps {
  /** The endpoint that is watched. */
  readonly endpoint: ICapturingEndpoint;
  /** Fiddler's https:// URL. */
  readonly url: string;
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

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** How often Fiddler is asked: it looks at the shortest of its bins, an hour, once an hour. */
const INTERVAL = Duration.minutes(5);
/** The milliseconds that a record may need until it is found. */
const LAG = 60_000;
/** Bins start up to a month before they are judged. */
const BINS = 32 * 86_400_000;

/** The alerts that were made in the interval before the last minute. */
const alerts = (check: string) => {
  const [to, from] = [LAG, LAG + INTERVAL.toMilliseconds()].map(before => `$toMillis(${Verdicts.INPUT}.time) - ${before}`);
  const made = `$toMillis(created_at) > ${from} and $toMillis(created_at) <= ${to} and severity in ['WARNING', 'CRITICAL'] and $not(is_alert = false)`;
  const measured = "severity & ': ' & ($boolean(feature_name) ? feature_name & ' is ') & $string(alert_value) & ', warned of at ' & $string(warning_threshold) & ', critical at ' & $string(critical_threshold)";
  // An answer without a list is no calm.
  return `{% ($found := $states.result.ResponseBody.data.items; $type($found) = 'array' ? [$found[${made}].{'check': '${check}', 'reason': $boolean(message) ? message : ${measured}}]) %}`;
};

/**
 * Sends an endpoint's captured traffic to Fiddler, whose alert rules judge it, and asks Fiddler for their alerts: its webhooks are for Slack and Teams
 * alone, and show no credential.
 * @see https://docs.fiddler.ai/api/rest-api/rest-api/alert-rules
 */
export class FiddlerModelMonitor extends Construct implements IDriftMonitor {
  private readonly fiddler: ExternalEndpoint;
  private readonly forwarder: CaptureForwarder;
  private readonly verdicts: Verdicts;

  constructor(scope: Construct, id: string, private readonly props: FiddlerModelMonitorProps) {
    super(scope, id);
    check(props, z => ({
      endpoint: capturing(z), model: fixed(z, UUID, 'the id of a model, a UUID'),
      alertRules: z.record(fixed(z, /^[\w .:()-]{1,100}$/, 'named with 1 to 100 letters, digits, spaces and _ . : ( ) -'), fixed(z, UUID, 'the id of an alert rule, a UUID'))
        .refine(it => Object.keys(it).length > 0 && Object.keys(it).length <= 10, { error: ({ input }) => `must be 1 to 10 alert rules, got ${Object.keys(input as object).length}` }),
      features: z.array(text(z, ...FILLED)), predictionColumn: text(z, ...FILLED), timestampColumn: text(z, ...FILLED), idColumn: text(z, ...FILLED),
    }), 'endpoint', 'model', 'alertRules', 'apiKey');
    const { endpoint, url, model, alertRules, apiKey, apiKeyField, features, predictionColumn = 'prediction', timestampColumn, idColumn } = props;
    this.fiddler = new ExternalEndpoint(url, Auth.bearer(apiKey, apiKeyField));
    this.fiddler.warnIfLoopback(this);
    const options = { model, prediction: predictionColumn, timestamp: timestampColumn, id: idColumn };
    this.forwarder = new CaptureForwarder(this, 'Traffic', { endpoint, vendor: this.fiddler, format: 'fiddler', options, features });
    const calls = Object.entries(alertRules).map(([name, rule], index) => this.alerts(`alerts${index}`, name, rule));
    this.verdicts = new Verdicts(this, 'Verdicts', {
      when: { schedule: events.Schedule.rate(INTERVAL) }, calls, verdicts: calls.map(({ name }) => `$${name}`).reduce((all, one) => `$append(${all}, ${one})`),
    });
  }

  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return onUnhealthy(this, id, [this.verdicts.arn, this.verdicts.alarm.alarmArn, this.forwarder.alarm.alarmArn], target);
  }

  public onDrift(id: string, target: events.IRuleTarget): events.Rule {
    return this.verdicts.onDrift(this, id, target);
  }

  /** Fiddler's client reads no variables: `fdl.init` takes the URL and the key. */
  public bind(_client: iam.IGrantable): Binding {
    const { url, auth: { credential } } = this.fiddler;
    const path = '/v3/server-info';
    return {
      provider: 'fiddler', address: url, variables: { FIDDLER_URL: url, FIDDLER_MODEL_ID: this.props.model }, secrets: { FIDDLER_API_KEY: credential! },
      probes: this.fiddler.probes('FIDDLER_API_KEY', { alive: path, authorized: { path, expects: { data: {} } }, version: { path, matches: '"server_version": ?"(2[4-9]|[3-9]\\d)\\.' } }),
    };
  }

  /** Of one rule, the newest first. Fiddler finds records by the start of their bin. */
  private alerts(name: string, check: string, rule: string): Call {
    return this.fiddler.request(this, name, {
      path: `/v3/alert-rules/${rule}/records`,
      query: {
        start_time: `{% $fromMillis($toMillis(${Verdicts.INPUT}.time) - ${BINS}) %}`, end_time: `{% ${Verdicts.INPUT}.time %}`, ordering: '-created_at', limit: '100',
      },
      value: alerts(check),
    });
  }
}
