import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { Binding, Call, ExternalEndpoint } from '../core';
import { check, FILLED, fixed, text } from '../core/validation';
import { CaptureForwarder } from './capture-forwarder';
import type { FiddlerOptions } from './fiddler-model-monitor';
import { capturing, onUnhealthy } from './unhealthy';
import { Verdicts } from './verdicts';

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

/** Refuses what a model in Fiddler cannot be used with. */
export function checkFiddler(options: FiddlerOptions): void {
  check(options, z => ({
    endpoint: capturing(z), model: fixed(z, UUID, 'the id of a model, a UUID'),
    alertRules: z.record(fixed(z, /^[\w .:()-]{1,100}$/, 'named with 1 to 100 letters, digits, spaces and _ . : ( ) -'), fixed(z, UUID, 'the id of an alert rule, a UUID'))
      .refine(it => Object.keys(it).length > 0 && Object.keys(it).length <= 10, { error: ({ input }) => `must be 1 to 10 alert rules, got ${Object.keys(input as object).length}` }),
    features: z.array(text(z, ...FILLED)), predictionColumn: text(z, ...FILLED), timestampColumn: text(z, ...FILLED), idColumn: text(z, ...FILLED),
  }), 'endpoint', 'model', 'alertRules', 'apiKey');
}

/** What a monitor, its owner, does with Fiddler at `vendor`, wherever that runs. */
export class Fiddler {
  private readonly forwarder: CaptureForwarder;
  private readonly verdicts: Verdicts;

  constructor(private readonly owner: Construct, private readonly vendor: ExternalEndpoint, private readonly options: FiddlerOptions) {
    const { endpoint, model, alertRules, features, predictionColumn = 'prediction', timestampColumn, idColumn } = options;
    vendor.warnIfLoopback(owner);
    const columns = { model, prediction: predictionColumn, timestamp: timestampColumn, id: idColumn };
    this.forwarder = new CaptureForwarder(owner, 'Traffic', { endpoint, vendor, format: 'fiddler', options: columns, features });
    const calls = Object.entries(alertRules).map(([name, rule], index) => this.alerts(`alerts${index}`, name, rule));
    this.verdicts = new Verdicts(owner, 'Verdicts', {
      when: { schedule: events.Schedule.rate(INTERVAL) }, calls, verdicts: calls.map(({ name }) => `$${name}`).reduce((all, one) => `$append(${all}, ${one})`),
    });
  }

  /** Where it is. */
  public get url(): string {
    return this.vendor.url;
  }

  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return onUnhealthy(this.owner, id, [this.verdicts.arn, this.verdicts.alarm.alarmArn, this.forwarder.alarm.alarmArn], target);
  }

  public onDrift(id: string, target: events.IRuleTarget): events.Rule {
    return this.verdicts.onDrift(this.owner, id, target);
  }

  /** How it is reached, and seen to be. */
  public reached(): Pick<Binding, 'variables' | 'secrets' | 'probes'> {
    const path = '/v3/server-info';
    return {
      variables: { FIDDLER_URL: this.url, FIDDLER_MODEL_ID: this.options.model }, secrets: { FIDDLER_API_KEY: this.vendor.auth.credential! },
      probes: this.vendor.probes('FIDDLER_API_KEY', { alive: path, authorized: { path, expects: { data: {} } }, version: { path, matches: '"server_version": ?"(2[4-9]|[3-9]\\d)\\.' } }),
    };
  }

  /** Of one rule, the newest first. Fiddler finds records by the start of their bin. */
  private alerts(name: string, check: string, rule: string): Call {
    return this.vendor.request(this.owner, name, {
      path: `/v3/alert-rules/${rule}/records`,
      query: {
        start_time: `{% $fromMillis($toMillis(${Verdicts.INPUT}.time) - ${BINS}) %}`, end_time: `{% ${Verdicts.INPUT}.time %}`, ordering: '-created_at', limit: '100',
      },
      value: alerts(check),
    });
  }
}
