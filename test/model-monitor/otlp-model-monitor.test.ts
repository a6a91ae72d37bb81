import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Auth, DeployableSageMakerEndpoint, OtlpModelMonitor, OtlpModelMonitorProps, OtlpSignal, S3ArtifactStore, WebhookSignature } from '../../lib';
import { CONTEXT, evaluate } from '../support/jsonata';
import { allowed, definition, resource } from '../support/template';

function made(props: (stack: Stack) => Partial<OtlpModelMonitorProps> = () => ({}), capturePercentage?: number): { stack: Stack; monitor: OtlpModelMonitor } {
  const stack = new Stack(new App(), 'test');
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: new S3ArtifactStore(stack, 'Store'), endpointName: 'fraud', capturePercentage });
  return { stack, monitor: new OtlpModelMonitor(stack, 'Monitor', { endpoint, url: 'https://otlp.acme.dev/', webhookSecret: secret(stack, 'Webhook'), ...props(stack) }) };
}

const secret = (stack: Stack, id = 'Key') => secretsmanager.Secret.fromSecretNameV2(stack, id, `acme/${id}`);

describe('minimal', () => {
  const { stack, monitor } = made();
  monitor.onDrift('Drift', new targets.SqsQueue(new sqs.Queue(stack, 'Queue')));
  const template = Template.fromStack(stack);
  const { Variables } = forwarder(template).Environment;

  test('the function knows the receiver, and no credential', () => {
    expect(Object.keys(Variables)).toEqual(['VENDOR', 'CREDENTIALS']);
    expect(JSON.stringify(template.toJSON())).not.toContain('{{resolve:secretsmanager');
  });

  test('it may read what is captured, take messages and write its log, no more', () => {
    expect(allowed(template, 'MonitorTrafficForwarderRole').map(({ actions }) => actions)).toEqual([
      ['logs:CreateLogStream', 'logs:PutLogEvents'], ['s3:GetObject'], ['s3:ListBucket'], ['kms:Decrypt'], ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
    ]);
  });

  test('what is not taken is tried again, and then kept for two weeks', () => {
    template.hasResourceProperties('AWS::SQS::Queue', { RedrivePolicy: { maxReceiveCount: 10 }, VisibilityTimeout: 360 });
    template.hasResourceProperties('AWS::SQS::Queue', { MessageRetentionPeriod: 1_209_600 });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', { BatchSize: 1, FunctionResponseTypes: ['ReportBatchItemFailures'] });
  });
});

test('maximal', () => {
  const { stack } = made(it => ({
    auth: Auth.header('dd-api-key', secret(it), 'key'), signals: [OtlpSignal.LOGS], features: ['amount'], webhookSecretField: 'token', webhookSignature: WebhookSignature.hmac('X-Grafana-Alerting-Signature'),
  }));
  const { Variables } = forwarder(Template.fromStack(stack)).Environment;

  expect([Variables.SECRET_FIELD, Object.keys(Variables)]).toEqual(['key', ['VENDOR', 'CREDENTIALS', 'SECRET_ARN', 'SECRET_FIELD']]);
  expect(JSON.parse(Variables.VENDOR)).toMatchObject({ format: 'otlp', options: { signals: ['logs'] }, features: ['amount'] });
  expect(JSON.parse(Variables.CREDENTIALS)).toEqual({ headers: { 'dd-api-key': '${CREDENTIAL}' } });
});

/** As Alertmanager and Grafana post it. */
const BODY = {
  status: 'firing',
  alerts: [
    { status: 'firing', labels: { alertname: 'AmountDrift' }, annotations: { summary: 'the mean is 300' } },
    { status: 'resolved', labels: { alertname: 'AgeDrift' }, annotations: {} },
    { status: 'firing', labels: { alertname: 'Silent' }, annotations: {} },
  ],
};

describe('a verdict', () => {
  const { States } = definition(Template.fromStack(made().stack)).States.Tell.Branches[0];
  const told = (detail: object) => evaluate(States['Tell: told'].Arguments.Entries, { states: { context: { ...CONTEXT, Execution: { ...CONTEXT.Execution, Input: { detail } } } } });
  const event = (check: string, reason: string) => ({
    Source: 'mlops.monitor', DetailType: 'Model Drift', Resources: [CONTEXT.StateMachine.Id], Detail: { alarmName: check, state: { value: 'ALARM', reason } },
  });

  test('is told for each alert that is firing', async () => {
    expect(await told(BODY)).toEqual([event('AmountDrift', 'the mean is 300'), event('Silent', 'Silent is firing')]);
  });

  test('is told of ten alerts at most', async () => {
    expect(await told({ alerts: Array.from({ length: 12 }, () => BODY.alerts[0]) })).toHaveLength(10);
  });

  test('of one alert is a list too', async () => {
    expect(await told({ alerts: [BODY.alerts[0]] })).toEqual([event('AmountDrift', 'the mean is 300')]);
  });

  test('without a name is a failure', async () => {
    await expect(told({ alerts: [{ status: 'firing', labels: {}, annotations: { summary: 'x' } }] })).rejects.toMatchObject({ message: 'a verdict without a check or a reason' });
  });
});

test.each<[string, (stack: Stack) => any, number?]>([
  ["'endpoint' must be an endpoint whose traffic is captured (ICapturingEndpoint, 'capturePercentage' above 0), got 'test/Endpoint': monitor another one, or leave the monitor out", () => ({}), 0],
  ["'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'otlp.acme.dev'", () => ({ url: 'otlp.acme.dev' })],
  ["'auth' must be known by a header, got Auth.body, for which OTLP has no place", it => ({ auth: Auth.body('key', secret(it)) })],
  ["'signals' must be at least one OtlpSignal, got none", () => ({ signals: [] })],
  ["'signals.0' must be an OtlpSignal (metrics, logs), got 'spans'", () => ({ signals: ['spans'] })],
  ["'features.0' must be a text that is not empty, got ''", () => ({ features: [''] })],
  ["'webhookSecret' must be a secret (secretsmanager.ISecret), got 'x'", () => ({ webhookSecret: 'x' })],
])('%s', (message, props, ...capturePercentage) => {
  expect(() => made(props, ...capturePercentage)).toThrow(message);
});

function forwarder(template: Template): any {
  return resource(template, 'AWS::Lambda::Function', 'MonitorTrafficForwarder').Properties;
}
