import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { phoenix } from '../../constructs/model-monitor/handlers/forward/formats/phoenix';
import { DeployableSageMakerEndpoint, PhoenixModelMonitor, PhoenixModelMonitorProps, S3ArtifactStore } from '../../lib';
import { resource } from '../support/template';

function made(props: (stack: Stack) => Partial<PhoenixModelMonitorProps> = () => ({})): Template {
  const stack = new Stack(new App(), 'test');
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: new S3ArtifactStore(stack, 'Store'), endpointName: 'fraud' });
  const monitor = new PhoenixModelMonitor(stack, 'Monitor', { endpoint, url: 'https://phoenix.acme.dev', project: 'fraud', ...props(stack) });
  monitor.onUnhealthy('Unhealthy', new targets.SqsQueue(new sqs.Queue(stack, 'Queue')));
  return Template.fromStack(stack);
}

const SETTINGS = { source: 's3://acme/capture', options: { project: 'fraud' }, now: 0, batch: 's3://acme/capture/one.jsonl#0' };
const ROW = { id: 'one-0', at: '2026-11-26T09:59:58Z', features: { amount: 10, region: 'eu' }, prediction: 0.1 };

describe('a span for each inference', () => {
  const [{ path, body, known }] = phoenix([ROW, { ...ROW, id: 'one-1' }], SETTINGS) as [any];

  test('in the names of OpenInference', () => {
    expect(path).toBe('/v1/projects/fraud/spans');
    expect(body.data).toHaveLength(2);
    expect(body.data[0]).toEqual({
      name: 'inference', span_kind: 'CHAIN', start_time: ROW.at, end_time: ROW.at, status_code: 'OK',
      context: { trace_id: expect.stringMatching(/^[0-9a-f]{32}$/), span_id: expect.stringMatching(/^[0-9a-f]{16}$/) },
      attributes: {
        'input.value': '{"amount":10,"region":"eu"}', 'input.mime_type': 'application/json', 'output.value': '0.1', 'output.mime_type': 'application/json',
        'mlops.inference.id': 'one-0', 'mlops.feature.amount': 10, 'mlops.feature.region': 'eu', 'mlops.prediction': 0.1,
      },
    });
  });

  test('with ids that only the same row of the same file has', () => {
    const ids = (batch: string) => (phoenix([ROW, ROW], { ...SETTINGS, batch }) as [any])[0].body.data.map(({ context }: any) => context.span_id);

    expect(ids(SETTINGS.batch)).toEqual(body.data.map(({ context }: any) => context.span_id));
    expect(new Set([...ids(SETTINGS.batch), ...ids('s3://acme/capture/one.jsonl#1000'), ...ids('s3://acme/capture/two.jsonl#0')]).size).toBe(6);
  });

  test.each<[boolean, number, number]>([[true, 2, 0], [false, 1, 0], [false, 0, 2], [false, 2, 1]])('%s: all is known with %i duplicates of 2 and %i invalid ones', (all, duplicates, invalid) => {
    const refusal = { error: 'Request contains invalid or duplicate spans', total_received: 2, total_queued: 0, total_duplicates: duplicates, total_invalid: invalid, duplicate_spans: [] };

    // As Python writes JSON.
    expect(known.test(JSON.stringify(refusal).replace(/":/g, '": ').replace(/,"/g, ', "'))).toBe(all);
  });
});

test('nobody has to be known', () => {
  const { Variables } = resource(made(), 'AWS::Lambda::Function', 'MonitorTrafficForwarder').Properties.Environment;

  expect([JSON.parse(Variables.CREDENTIALS), Object.keys(Variables)]).toEqual([{}, ['VENDOR', 'CREDENTIALS']]);
});

test('the key is a bearer token', () => {
  const { Variables } = resource(made(stack => ({ apiKey: secretsmanager.Secret.fromSecretNameV2(stack, 'Key', 'phoenix'), apiKeyField: 'key' })), 'AWS::Lambda::Function', 'MonitorTrafficForwarder').Properties.Environment;

  expect([JSON.parse(Variables.CREDENTIALS), Variables.SECRET_FIELD]).toEqual([{ headers: { Authorization: 'Bearer ${CREDENTIAL}' } }, 'key']);
});

test('traffic that did not arrive is what it tells of', () => {
  const { EventPattern } = resource(made(), 'AWS::Events::Rule', 'MonitorUnhealthy').Properties;

  expect(EventPattern.resources).toEqual([expect.stringMatching(/^<MonitorTrafficUnforwarded.*\.Arn>$/)]);
});

test.each<[string, any]>([
  ["'project' must be 1 to 100 letters, digits, _, . and -, the first no . or -, got 'a/b'", { project: 'a/b' }],
  ["'project' must be 1 to 100 letters, digits, _, . and -, the first no . or -, got '..'", { project: '..' }],
  ["'url' must be an https:// URL", { url: 'phoenix.acme.dev' }],
  ["'features.0' must be a text that is not empty, got ''", { features: [''] }],
])('%s', (message, props) => {
  expect(() => made(() => props)).toThrow(message);
});
