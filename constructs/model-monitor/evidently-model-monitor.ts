import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint } from '../core';
import { check, duration, FILLED, fixed, text } from '../core/validation';
import { ICapturingEndpoint } from '../model-endpoint/model-endpoint';
import { CaptureForwarder } from './capture-forwarder';
import { IDriftMonitor } from './model-monitor';
import { capturing, onUnhealthy } from './unhealthy';
import { Verdicts } from './verdicts';

/** Properties of an `EvidentlyModelMonitor`. */
export interface EvidentlyModelMonitorProps {
  /** The endpoint that is watched. */
  readonly endpoint: ICapturingEndpoint;
  /** The https:// URL of Evidently's workspace, which holds the results. */
  readonly url: string;
  /** The https:// URL of Evidently's collector, which takes the traffic. */
  readonly collectorUrl: string;
  /** The collector's id, with a reference and a test suite: 1 to 100 letters, digits, `_` and `-`. */
  readonly collector: string;
  /** The id (UUID) of the workspace's project that the collector writes to. */
  readonly project: string;
  /**
   * Holds the secret that the workspace and the collector were started with.
   * @default - they know no callers
   */
  readonly secret?: ISecret;
  /**
   * The field of `secret`.
   * @default - the whole secret
   */
  readonly secretField?: string;
  /**
   * The features' names, in the order of the columns.
   * @default - the names in JSON, or else `feature_0` and so on
   */
  readonly features?: string[];
  /**
   * How often the workspace is asked, in whole minutes.
   * @default Duration.minutes(5)
   */
  readonly interval?: Duration;
}

/** The time that a result may need from its start to the workspace, in milliseconds. */
const LAG = 60_000;

/**
 * Sends an endpoint's captured traffic to a collector of Evidently, whose test suite judges it, and asks Evidently's workspace for the tests that failed.
 * @see https://github.com/evidentlyai/evidently
 */
export class EvidentlyModelMonitor extends Construct implements IDriftMonitor {
  private readonly workspace: ExternalEndpoint;
  private readonly collector: ExternalEndpoint;
  private readonly forwarder: CaptureForwarder;
  private readonly verdicts: Verdicts;

  constructor(scope: Construct, id: string, private readonly props: EvidentlyModelMonitorProps) {
    super(scope, id);
    check(props, z => ({
      endpoint: capturing(z), collector: fixed(z, /^[\w-]{1,100}$/, '1 to 100 letters, digits, _ and -'),
      project: fixed(z, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'the id of a project, a UUID'),
      features: z.array(text(z, ...FILLED)), interval: duration(z, 'minutes', 1, 1440),
    }), 'endpoint', 'collector', 'project');
    const { endpoint, url, collectorUrl, collector, project, secret, secretField, features, interval = Duration.minutes(5) } = props;
    const auth = secret ? Auth.header('evidently-secret', secret, secretField) : Auth.none();
    this.workspace = new ExternalEndpoint(url, auth);
    this.workspace.warnIfLoopback(this);
    this.collector = new ExternalEndpoint(collectorUrl, auth);
    this.forwarder = new CaptureForwarder(this, 'Traffic', { endpoint, vendor: this.collector, format: 'evidently', options: { collector }, features });
    // An id is a UUID of version 7, which starts with the milliseconds at which the result was begun, in hexadecimal.
    const begun = "$number('0x' & $substringBefore(id, '-') & $substring(id, 9, 4))";
    const [to, from] = [LAG, LAG + interval.toMilliseconds()].map(before => `$toMillis(${Verdicts.INPUT}.time) - ${before}`);
    this.verdicts = new Verdicts(this, 'Verdicts', {
      when: { schedule: events.Schedule.rate(interval) },
      calls: [
        this.workspace.request(this, 'results', {
          path: `/api/projects/${project}/test_suites`, select: `{% {'results': [$.{'id': id, 'begun': ${begun}}]} %}`,
          value: `{% [$states.result.ResponseBody.results[begun > ${from} and begun <= ${to}]^(>begun).id] %}`,
        }),
        {
          ...this.workspace.request(this, 'suite', {
            path: `{% '/api/projects/${project}/' & $results[0] & '/download?report_format=json' %}`,
            select: "{% ($it := $type($) = 'string' ? $eval($) : $; {'failed': [$it.tests[status in ['FAIL', 'ERROR']].{'check': name, 'reason': description}]}) %}",
            value: '{% $states.result.ResponseBody.failed %}',
          }),
          when: '{% $count($results) > 0 %}',
        },
      ],
      verdicts: '$suite ? $suite : []',
    });
  }

  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return onUnhealthy(this, id, [this.verdicts.arn, this.verdicts.alarm.alarmArn, this.forwarder.alarm.alarmArn], target);
  }

  public onDrift(id: string, target: events.IRuleTarget): events.Rule {
    return this.verdicts.onDrift(this, id, target);
  }

  /** Evidently's own client reads `EVIDENTLY_SECRET`. */
  public bind(_client: iam.IGrantable): Binding {
    const { credential } = this.workspace.auth;
    const path = `/${this.props.collector}`;
    return {
      provider: 'evidently', address: this.workspace.url, variables: { EVIDENTLY_URL: this.workspace.url }, secrets: credential ? { EVIDENTLY_SECRET: credential } : {},
      probes: [
        ...this.workspace.probes('EVIDENTLY_SECRET', { alive: '/api/version', version: { path: '/api/version', matches: '"0\\.7\\.' } }),
        // Anybody may read the workspace: it is the collector that shows whether the secret is taken.
        ...this.collector.probes('EVIDENTLY_SECRET', { alive: path, authorized: { path, expects: { id: this.props.collector } } }),
      ],
    };
  }
}
