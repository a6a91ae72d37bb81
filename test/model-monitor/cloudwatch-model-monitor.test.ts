import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import {
  CloudWatchModelMonitor, CloudWatchModelMonitorProps, DeployableSageMakerEndpoint, ICapturingEndpoint, IModelMonitor, OpenInferenceEndpoint, S3ArtifactStore,
} from '../../lib';
import { allowed, render, resource } from '../support/template';

function watched(props: Partial<CloudWatchModelMonitorProps> = {}, capturePercentage?: number): { stack: Stack; monitor: CloudWatchModelMonitor; endpoint: ICapturingEndpoint } {
  const stack = new Stack(new App(), 'test');
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: new S3ArtifactStore(stack, 'Store'), endpointName: 'fraud', capturePercentage });
  return { stack, endpoint, monitor: new CloudWatchModelMonitor(stack, 'Monitor', { endpoint, ...props }) };
}

/** What an alarm of the monitor says, by the part of its logical id. */
const alarm = (template: Template, id: string) => resource(template, 'AWS::CloudWatch::Alarm', `Monitor${id}`).Properties;

describe('the default monitor', () => {
  const { stack, monitor } = watched();
  const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const binding = monitor.bind(client);
  monitor.onUnhealthy('Unhealthy', new targets.SqsQueue(new sqs.Queue(stack, 'Queue')));
  const template = Template.fromStack(stack);
  const dimensions = [{ Name: 'EndpointName', Value: 'fraud' }, { Name: 'VariantName', Value: 'AllTraffic' }];

  test('alarms when more than 1% of requests fail', () => {
    expect(alarm(template, 'Errors')).toMatchObject({
      Namespace: 'AWS/SageMaker', MetricName: 'Invocation5XXErrors', Dimensions: dimensions, Statistic: 'Average', Period: 300,
      Threshold: 0.01, ComparisonOperator: 'GreaterThanThreshold', EvaluationPeriods: 1, TreatMissingData: 'notBreaching',
    });
  });

  test('alarms when 1 request in 10 takes the model longer than a second', () => {
    expect(alarm(template, 'Latency')).toMatchObject({
      MetricName: 'ModelLatency', Dimensions: dimensions, ExtendedStatistic: 'p90', Period: 300,
      // In microseconds.
      Threshold: 1_000_000, ComparisonOperator: 'GreaterThanThreshold', TreatMissingData: 'notBreaching',
    });
  });

  test('alarms when there are requests in two hours and nothing captured in either', () => {
    expect(alarm(template, 'Requests')).toMatchObject({
      MetricName: 'Invocations', Statistic: 'Sum', Period: 3600, EvaluationPeriods: 2, Threshold: 0, ComparisonOperator: 'GreaterThanThreshold', TreatMissingData: 'notBreaching',
    });
    expect(alarm(template, 'NothingCaptured')).toMatchObject({
      Namespace: 'AWS/Events', MetricName: 'MatchedEvents', Dimensions: [{ Name: 'RuleName', Value: expect.stringMatching(/^<StoreMonitorCaptured/) }], Statistic: 'Sum',
      Period: 3600, EvaluationPeriods: 2, Threshold: 1, ComparisonOperator: 'LessThanThreshold', TreatMissingData: 'breaching',
    });
    expect(resource(template, 'AWS::CloudWatch::CompositeAlarm').Properties.AlarmRule).toMatch(/^\(ALARM\("<MonitorRequests.*\.Arn>"\) AND ALARM\("<MonitorNothingCaptured.*\.Arn>"\)\)$/);
  });

  test("counts the files that the store says were captured of this endpoint's traffic", () => {
    expect(resource(template, 'AWS::Events::Rule', 'Captured').Properties.EventPattern).toEqual({
      'source': ['aws.s3'], 'detail-type': ['Object Created'], 'detail': { bucket: { name: [expect.stringMatching(/^<Store/)] }, object: { key: [{ prefix: 'capture/fraud/' }] } },
    });
  });

  test('tells of an alarm with the payload of the contract; its parts raise none', () => {
    const { EventPattern, Targets: [target] } = resource(template, 'AWS::Events::Rule', 'Unhealthy').Properties;

    expect(EventPattern).toEqual({
      'source': ['aws.cloudwatch', 'mlops.monitor'], 'detail-type': ['CloudWatch Alarm State Change', 'Model Drift'], 'detail': { state: { value: ['ALARM'] } },
      'resources': [expect.stringMatching(/^<MonitorErrors/), expect.stringMatching(/^<MonitorLatency/), expect.stringMatching(/^<MonitorCapture/)],
    });
    expect(target.InputTransformer.InputPathsMap).toEqual({
      'detail-alarmName': '$.detail.alarmName', 'detail-state-value': '$.detail.state.value', 'detail-state-reason': '$.detail.state.reason', 'time': '$.time',
    });
    expect(target.InputTransformer.InputTemplate).toBe('{"alarm":<detail-alarmName>,"state":<detail-state-value>,"reason":<detail-state-reason>,"at":<time>}');
  });

  test('shows alarms, requests, time and capture on one dashboard', () => {
    const body = JSON.parse(resource(template, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody);

    expect(body.widgets.map(({ type, properties }: any) => properties.title ?? type)).toEqual(['Alarm Status', 'Requests', "The model's time (p90, microseconds)", 'Files of captured traffic', 'text']);
    expect(body.widgets.at(-1).properties.markdown).toMatch(/^Captured requests and responses: `s3:\/\/<Store.*>\/capture`$/);
  });

  test('binds by its dashboard, with the right to look', () => {
    expect(binding).toEqual({ provider: 'cloudwatch', address: expect.anything(), variables: { MLOPS_MONITOR_DASHBOARD: binding.address } });
    expect(allowed(template, 'Client')).toEqual([
      { actions: ['cloudwatch:DescribeAlarms'], resources: [expect.stringMatching(/^<MonitorErrors/), expect.stringMatching(/^<MonitorLatency/), expect.stringMatching(/^<MonitorCapture/)], condition: undefined },
      { actions: ['cloudwatch:GetDashboard'], resources: [expect.stringMatching(/^arn:aws:cloudwatch::000000000000:dashboard\/<MonitorDashboard/)], condition: undefined },
      { actions: ['cloudwatch:GetMetricData'], resources: ['*'], condition: undefined },
    ]);
  });
});

test('limits of its own', () => {
  const { stack } = watched({ maxErrorPercentage: 0, maxLatency: Duration.millis(250) });
  const template = Template.fromStack(stack);

  expect(alarm(template, 'Errors').Threshold).toBe(0);
  expect(alarm(template, 'Latency').Threshold).toBe(250_000);
});

test.each([[50, 10], [10, 50], [1, 500]])('where %d%% is captured, it takes more than %d requests an hour to expect a record', (percentage, requests) => {
  expect(alarm(Template.fromStack(watched({}, percentage).stack), 'Requests').Threshold).toBe(requests);
});

describe('alarms that exist', () => {
  const stack = new Stack(new App(), 'test');
  const monitor: IModelMonitor = CloudWatchModelMonitor.fromAlarms(stack, 'Monitor', {
    alarms: [cloudwatch.Alarm.fromAlarmArn(stack, 'Alarm', 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:theirs')], dashboardName: 'theirs',
  });
  monitor.onUnhealthy('Unhealthy', new targets.SqsQueue(new sqs.Queue(stack, 'Queue')));

  test('tell through the contract, and nothing is made', () => {
    const template = Template.fromStack(stack);

    expect(render(resource(template, 'AWS::Events::Rule').Properties.EventPattern.resources)).toEqual(['arn:aws:cloudwatch:us-east-1:000000000000:alarm:theirs']);
    template.resourceCountIs('AWS::CloudWatch::Alarm', 0);
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
  });

  test('must be some', () => {
    expect(() => CloudWatchModelMonitor.fromAlarms(stack, 'None', { alarms: [], dashboardName: 'theirs' })).toThrow(new Error("'alarms' must be at least one alarm, got none"));
  });
});

describe('bad props', () => {
  const unwatchable = (path: string) => `'endpoint' must be an endpoint whose traffic is captured (ICapturingEndpoint, 'capturePercentage' above 0), got '${path}': monitor another one, or leave the monitor out`;

  test('an endpoint that cannot capture', () => {
    const stack = new Stack(new App(), 'test');
    const endpoint = new OpenInferenceEndpoint(stack, 'Vendor', { url: 'https://models.acme.dev', model: 'fraud' });

    expect(() => new CloudWatchModelMonitor(stack, 'Monitor', { endpoint: endpoint as any })).toThrow(new Error(unwatchable('test/Vendor')));
  });

  test('an endpoint that captures nothing', () => {
    expect(() => watched({}, 0)).toThrow(new Error(unwatchable('test/Endpoint')));
  });

  test.each<[Partial<CloudWatchModelMonitorProps>, string]>([
    [{ maxErrorPercentage: 101 }, "'maxErrorPercentage' must be a number from 0 to 100, got 101"],
    [{ maxErrorPercentage: -1 }, "'maxErrorPercentage' must be a number from 0 to 100, got -1"],
    [{ maxLatency: Duration.millis(0) }, "'maxLatency' must be a Duration of 1 to 86400000 whole milliseconds, got 0 milliseconds"],
  ])('%j', (props, message) => {
    expect(() => watched(props)).toThrow(new Error(message));
  });
});
