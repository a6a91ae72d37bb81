import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Binding } from '../core';
import { acknowledge } from '../core/acknowledge';
import { allow, grant, grantAny } from '../core/grants';
import { check, duration, fixed, like, number } from '../core/validation';
import { ICapturingEndpoint } from '../model-endpoint/model-endpoint';
import { IModelMonitor } from './model-monitor';
import { capturing, onUnhealthy } from './unhealthy';

/** Properties of a `CloudWatchModelMonitor`. */
export interface CloudWatchModelMonitorProps {
  /** The endpoint that is watched. */
  readonly endpoint: ICapturingEndpoint;
  /**
   * The share of requests that the model may fail, in percent.
   * @default 1
   */
  readonly maxErrorPercentage?: number;
  /**
   * The time that 90% of requests must be answered in by the model.
   * @default Duration.seconds(1)
   */
  readonly maxLatency?: Duration;
}

/** Alarms and a dashboard that exist. */
export interface CloudWatchModelMonitorAttributes {
  /** Their alarm means that the model is unhealthy. At least one. */
  readonly alarms: cloudwatch.IAlarm[];
  /** The dashboard's name. */
  readonly dashboardName: string;
}

/** The contract over CloudWatch alarms, new or existing. */
export abstract class CloudWatchModelMonitorBase extends Construct implements IModelMonitor {
  /** The dashboard's name. */
  public abstract readonly dashboardName: string;
  protected abstract readonly alarmArns: string[];

  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return onUnhealthy(this, id, this.alarmArns, target);
  }

  public bind(client: iam.IGrantable): Binding {
    const dashboard = Stack.of(this).formatArn({ service: 'cloudwatch', region: '', resource: 'dashboard', resourceName: this.dashboardName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
    grant(client, [
      allow(['cloudwatch:DescribeAlarms'], this.alarmArns),
      allow(['cloudwatch:GetDashboard'], [dashboard]),
    ], 'reads the dashboard and its alarms');
    grantAny(client, ['cloudwatch:GetMetricData'], 'reads metrics');
    return { provider: 'cloudwatch', address: this.dashboardName, variables: { MLOPS_MONITOR_DASHBOARD: this.dashboardName } };
  }
}

/** Watches an endpoint's metrics and its captured traffic with CloudWatch: alarms and a dashboard. */
export class CloudWatchModelMonitor extends CloudWatchModelMonitorBase {
  /** Alarms and a dashboard that exist. */
  public static fromAlarms(scope: Construct, id: string, attributes: CloudWatchModelMonitorAttributes): IModelMonitor {
    check(attributes, z => ({
      alarms: z.array(like(z, 'an alarm (cloudwatch.IAlarm)', 'alarmArn')).min(1, { error: 'must be at least one alarm, got none' }),
      dashboardName: fixed(z, /^[\w-]{1,255}$/, 'at most 255 letters, digits, _ and -'),
    }), 'alarms', 'dashboardName');
    class Import extends CloudWatchModelMonitorBase {
      public readonly dashboardName = attributes.dashboardName;
      protected readonly alarmArns = attributes.alarms.map(({ alarmArn }) => alarmArn);
    }
    return new Import(scope, id);
  }

  /** Errors, latency and capture, in this order. */
  public readonly alarms: cloudwatch.AlarmBase[];
  /** Shows them all. */
  public readonly dashboard: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, props: CloudWatchModelMonitorProps) {
    super(scope, id);
    check(props, z => ({
      endpoint: capturing(z),
      maxErrorPercentage: number(z, 0, 100),
      maxLatency: duration(z, 'milliseconds', 1, 86_400_000),
    }), 'endpoint');
    const { endpoint, maxErrorPercentage = 1, maxLatency = Duration.seconds(1) } = props;
    const period = Duration.minutes(5);
    const invocations = endpoint.metricInvocations({ period });
    // The average of a metric that is 0 or 1 a request is the share of requests.
    const errors = endpoint.metricErrors({ period, statistic: 'Average' });
    const latency = endpoint.metricLatency({ period });
    // A rule counts what it matches, target or not: the files of captured traffic.
    const captured = new cloudwatch.Metric({
      namespace: 'AWS/Events', metricName: 'MatchedEvents', dimensionsMap: { RuleName: endpoint.onCaptured(`${this.node.id}Captured`).ruleName }, statistic: 'Sum', period: Duration.hours(1),
    });
    this.alarms = [
      this.alarm('Errors', errors, maxErrorPercentage / 100, `More than ${maxErrorPercentage}% of requests fail: look at the endpoint's log`),
      this.alarm('Latency', latency, maxLatency.toMilliseconds() * 1000, `The model needs more than ${maxLatency.toMilliseconds()} ms for 1 request in 10: give it more or larger instances`),
      this.uncaptured(endpoint, captured),
    ];
    acknowledge(this, ['CT.CLOUDWATCH.PR.1', 'NIST.800.53.R5-CloudWatchAlarmAction'], "a change of state is an event, which reaches whoever asks for it with 'onUnhealthy'");
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', {
      widgets: [
        [new cloudwatch.AlarmStatusWidget({ alarms: this.alarms, width: 24, height: 2 })],
        [
          new cloudwatch.GraphWidget({ title: 'Requests', left: [invocations], right: [errors], width: 8 }),
          new cloudwatch.GraphWidget({ title: "The model's time (p90, microseconds)", left: [latency], width: 8 }),
          new cloudwatch.GraphWidget({ title: 'Files of captured traffic', left: [captured], width: 8 }),
        ],
        [new cloudwatch.TextWidget({ markdown: `Captured requests and responses: \`${endpoint.captureUri}\``, width: 24, height: 2 })],
      ],
    });
  }

  public get dashboardName(): string {
    return this.dashboard.dashboardName;
  }

  protected get alarmArns(): string[] {
    return this.alarms.map(({ alarmArn }) => alarmArn);
  }

  /** Requests in each of two hours, but nothing captured in either: what is captured reaches the store minutes later. */
  private uncaptured(endpoint: ICapturingEndpoint, captured: cloudwatch.Metric): cloudwatch.CompositeAlarm {
    const requests = endpoint.metricInvocations({ period: Duration.hours(1) });
    // Where a share is captured, so many requests that at least 5 records are to be expected: that none comes is no chance.
    const few = endpoint.capturePercentage < 100 ? Math.ceil(500 / endpoint.capturePercentage) : 0;
    const nothing = new cloudwatch.Alarm(this, 'NothingCaptured', {
      metric: captured, threshold: 1, evaluationPeriods: 2, comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      // A rule that matches nothing has no data.
      treatMissingData: cloudwatch.TreatMissingData.BREACHING, alarmDescription: 'Nothing was captured for two hours; no fault when nobody asked',
    });
    return new cloudwatch.CompositeAlarm(this, 'Capture', {
      alarmRule: cloudwatch.AlarmRule.allOf(
        cloudwatch.AlarmRule.fromAlarm(this.alarm('Requests', requests, few, 'There are requests; no fault', 2), cloudwatch.AlarmState.ALARM),
        cloudwatch.AlarmRule.fromAlarm(nothing, cloudwatch.AlarmState.ALARM),
      ),
      alarmDescription: 'Requests are answered but not captured: look at the capture settings and at what the role may write',
    });
  }

  private alarm(id: string, metric: cloudwatch.IMetric, threshold: number, alarmDescription: string, evaluationPeriods: number = 1): cloudwatch.Alarm {
    return new cloudwatch.Alarm(this, id, {
      metric, threshold, alarmDescription, evaluationPeriods, comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      // No request, no judgement.
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }
}
