import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Binding, ComponentEvent } from '../core';
import { allow, grant } from '../core/grants';
import { check } from '../core/validation';
import { ICapturingEndpoint } from '../model-endpoint/model-endpoint';
import { IModelMonitor } from './model-monitor';

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

/** Watches an endpoint's metrics and its captured traffic with CloudWatch: alarms and a dashboard. */
export class CloudWatchModelMonitor extends Construct implements IModelMonitor {
  /** Errors, latency and capture, in this order. */
  public readonly alarms: cloudwatch.AlarmBase[];
  /** Shows them all. */
  public readonly dashboard: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, props: CloudWatchModelMonitorProps) {
    super(scope, id);
    check(props, z => ({
      endpoint: z.custom(value => typeof (value as ICapturingEndpoint).onCaptured === 'function', { error: 'must be an endpoint whose traffic is captured (ICapturingEndpoint): monitor another one, or leave the monitor out' }),
      maxErrorPercentage: z.number({ error: 'must be a number from 0 to 100' }).min(0, { error: 'must be at least 0' }).max(100, { error: 'must be at most 100' }),
    }));
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
      this.uncaptured(endpoint.metricInvocations({ period: Duration.hours(1) }), captured),
    ];
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

  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return new ComponentEvent(this, id, {
      pattern: {
        source: ['aws.cloudwatch'], detailType: ['CloudWatch Alarm State Change'], resources: this.alarms.map(({ alarmArn }) => alarmArn), detail: { state: { value: ['ALARM'] } },
      },
      payload: {
        alarm: events.EventField.fromPath('$.detail.alarmName'), state: events.EventField.fromPath('$.detail.state.value'),
        reason: events.EventField.fromPath('$.detail.state.reason'), at: events.EventField.time,
      },
      target,
    });
  }

  public bind(client: iam.IGrantable): Binding {
    grant(client, [
      allow(['cloudwatch:DescribeAlarms'], this.alarms.map(({ alarmArn }) => alarmArn)),
      allow(['cloudwatch:GetDashboard'], [this.dashboard.dashboardArn]),
      // Metrics have no resource to name.
      allow(['cloudwatch:GetMetricData'], ['*']),
    ]);
    return { provider: 'cloudwatch', address: this.dashboard.dashboardName, variables: { MLOPS_MONITOR_DASHBOARD: this.dashboard.dashboardName } };
  }

  /** Requests, but nothing captured. */
  private uncaptured(requests: cloudwatch.Metric, captured: cloudwatch.Metric): cloudwatch.CompositeAlarm {
    const nothing = new cloudwatch.Alarm(this, 'NothingCaptured', {
      metric: captured, threshold: 1, evaluationPeriods: 1, comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      // A rule that matches nothing has no data.
      treatMissingData: cloudwatch.TreatMissingData.BREACHING, alarmDescription: 'Nothing was captured for an hour; no fault when nobody asked',
    });
    return new cloudwatch.CompositeAlarm(this, 'Capture', {
      alarmRule: cloudwatch.AlarmRule.allOf(
        cloudwatch.AlarmRule.fromAlarm(this.alarm('Requests', requests, 0, 'There are requests; no fault'), cloudwatch.AlarmState.ALARM),
        cloudwatch.AlarmRule.fromAlarm(nothing, cloudwatch.AlarmState.ALARM),
      ),
      alarmDescription: 'Requests are answered but not captured: look at the capture settings and at what the role may write',
    });
  }

  private alarm(id: string, metric: cloudwatch.IMetric, threshold: number, alarmDescription: string): cloudwatch.Alarm {
    return new cloudwatch.Alarm(this, id, {
      metric, threshold, alarmDescription, evaluationPeriods: 1, comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      // No request, no judgement.
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }
}
