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
  public readonly alarms: cloudwatch.Alarm[];
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
    const errors = endpoint.metricErrors({ period });
    const latency = endpoint.metricLatency({ period });
    // A rule counts what it matches, target or not: the files of captured traffic.
    const captured = new cloudwatch.Metric({
      namespace: 'AWS/Events', metricName: 'MatchedEvents', dimensionsMap: { RuleName: endpoint.onCaptured(`${this.node.id}Captured`).ruleName }, statistic: 'Sum', period: Duration.hours(1),
    });
    const share = new cloudwatch.MathExpression({ expression: '100 * errors / invocations', usingMetrics: { errors, invocations }, period, label: 'Failed requests, %' });
    const uncaptured = new cloudwatch.MathExpression({
      expression: 'IF(FILL(invocations, 0) > 0 AND FILL(captured, 0) == 0, 1, 0)', usingMetrics: { invocations: endpoint.metricInvocations({ period: Duration.hours(1) }), captured },
      period: Duration.hours(1), label: 'Requests, but nothing captured',
    });
    this.alarms = [
      this.alarm('Errors', share, maxErrorPercentage, `More than ${maxErrorPercentage}% of requests fail: look at the endpoint's log`),
      this.alarm('Latency', latency, maxLatency.toMilliseconds() * 1000, `The model needs more than ${maxLatency.toMilliseconds()} ms for 1 request in 10: give it more or larger instances`),
      this.alarm('Capture', uncaptured, 0, 'Requests are answered but not captured: look at the capture settings and at what the role may write'),
    ];
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', {
      widgets: [
        [new cloudwatch.AlarmStatusWidget({ alarms: this.alarms, width: 24, height: 2 })],
        [
          new cloudwatch.GraphWidget({ title: 'Requests', left: [invocations, errors], width: 8 }),
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
    return { address: this.dashboard.dashboardName, variables: { MLOPS_MONITOR_DASHBOARD: this.dashboard.dashboardName } };
  }

  private alarm(id: string, metric: cloudwatch.IMetric, threshold: number, alarmDescription: string): cloudwatch.Alarm {
    return new cloudwatch.Alarm(this, id, {
      metric, threshold, alarmDescription, evaluationPeriods: 1, comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      // No request, no judgement.
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }
}
