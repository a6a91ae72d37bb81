// eslint-disable-next-line @typescript-eslint/no-require-imports
import jsonata = require('jsonata');
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { whylabs } from '../../constructs/model-monitor/handlers/forward/formats/whylabs';
import { DeployableSageMakerEndpoint, S3ArtifactStore, WhyLabsModelMonitor, WhyLabsModelMonitorProps } from '../../lib';
import { CONTEXT, evaluate } from '../support/jsonata';
import { definition, resource } from '../support/template';

function made(props: Partial<WhyLabsModelMonitorProps> = {}): Template {
  const stack = new Stack(new App(), 'test');
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: new S3ArtifactStore(stack, 'Store'), endpointName: 'fraud' });
  const [apiKey, containerPassword] = ['whylabs', 'whylogs'].map(name => secretsmanager.Secret.fromSecretNameV2(stack, name, name));
  new WhyLabsModelMonitor(stack, 'Monitor', {
    endpoint, url: 'https://whylabs.acme.dev', organization: 'org-0', dataset: 'model-1', apiKey, containerUrl: 'https://whylogs.acme.dev/', containerPassword, ...props,
  });
  return Template.fromStack(stack);
}

describe('a table', () => {
  const row = { id: 'one-0', at: '2026-11-26T09:59:58Z', features: { amount: 10, age: 30 }, prediction: 0.1 };
  const tables = (...rows: object[]) => whylabs(rows.map(it => ({ ...row, ...it })), { source: 's3://acme/capture', batch: '', options: { dataset: 'model-1', prediction: 'output' }, now: 0 });
  const NINE = Date.parse('2026-11-26T09:00:00Z');

  test('is of an hour', () => {
    expect(tables({}, { at: '2026-11-26T10:00:00Z', prediction: 0.2 }, { at: '2026-11-26T09:10:00Z', prediction: 0.3 })).toEqual([
      { path: '/log', body: { datasetId: 'model-1', multiple: { columns: ['amount', 'age', 'output'], data: [[10, 30, 0.1], [10, 30, 0.3]] }, timestamp: NINE } },
      { path: '/log', body: { datasetId: 'model-1', multiple: { columns: ['amount', 'age', 'output'], data: [[10, 30, 0.2]] }, timestamp: NINE + 3_600_000 } },
    ]);
  });

  test('has nothing where a row has no such feature, and text for what is no single value', () => {
    const [{ body }] = tables({ features: { amount: 10 } }, { features: { age: null, region: 'eu', isNew: false }, prediction: [0.1, 0.9] }) as [any];

    expect(body.multiple).toEqual({ columns: ['amount', 'output', 'age', 'region', 'isNew'], data: [[10, 0.1, null, null, null], [null, '[0.1,0.9]', null, 'eu', false]] });
  });
});

test('the function calls the container with its password', () => {
  const { Variables } = resource(made({ predictionColumn: 'output_score', features: ['amount', 'age'], containerPasswordField: 'password' }), 'AWS::Lambda::Function', 'MonitorTrafficForwarder').Properties.Environment;

  expect(JSON.parse(Variables.VENDOR)).toMatchObject({ url: 'https://whylogs.acme.dev', format: 'whylabs', options: { dataset: 'model-1', prediction: 'output_score' }, features: ['amount', 'age'] });
  expect([JSON.parse(Variables.CREDENTIALS), Variables.SECRET_FIELD]).toEqual([{ headers: { 'X-API-Key': '${CREDENTIAL}' } }, 'password']);
  expect(Variables.SECRET_ARN).toContain('whylogs');
});

describe('a result', () => {
  const { States } = definition(made({ window: Duration.days(8) })).States.Tell.Branches[0];
  const ask = States['Tell: results'];
  const time = '2026-11-26T10:10:00Z';
  const known = { context: { ...CONTEXT, Execution: { ...CONTEXT.Execution, Input: { time } } } };
  /** As WhyLabs answers it. */
  const RECORD = {
    orgId: 'org-0', datasetId: 'model-1', column: 'amount', segment: { tags: [] }, datasetTimestamp: Date.parse('2026-11-26T00:00:00Z'), analyzerId: 'drift-analyzer', analysisId: 'a',
    isAnomaly: true, failedAnalysis: false, userMarkedUnhelpful: false, creationTimestamp: Date.parse('2026-11-26T10:02:00Z'), monitorIds: ['drift-monitor'], metric: 'histogram',
    upperThreshold: 0.7, lowerThreshold: null, metricValue: 0.85, targetLevel: 'column', analyzerType: 'drift', algorithm: 'hellinger', algorithmMode: null, failureType: 'null', failureExplanation: null,
  };
  const told = { check: 'drift-analyzer', reason: 'amount: histogram is 0.85, upper threshold 0.7' };
  const found = async (answer: object) => {
    const ResponseBody = await jsonata(ask.Arguments.Select).evaluate(answer);
    return evaluate(ask.Assign.results, { states: { ...known, result: { ResponseBody } } });
  };

  test('is asked for by the start of its batch', async () => {
    const { ApiEndpoint, Method, RequestBody } = await evaluate(ask.Arguments, { states: known }) as any;

    expect([Method, ApiEndpoint]).toEqual(['POST', 'https://whylabs.acme.dev/v0/organizations/org-0/dataset/model-1/data/analysis-results']);
    expect(RequestBody).toEqual({ interval: '2026-11-18T10:10:00.000Z/2026-11-26T10:10:00.000Z', offset: 0, limit: 10_000, onlyAnomalies: false, includeFailures: true });
  });

  test.each<[string, object, unknown[]]>([
    ['of the interval before the lag', {}, [told]],
    ['with both thresholds', { lowerThreshold: 0 }, [{ ...told, reason: 'amount: histogram is 0.85, lower threshold 0, upper threshold 0.7' }]],
    ['without a threshold', { upperThreshold: undefined }, [{ ...told, reason: 'amount: histogram is 0.85' }]],
    ['that failed', { isAnomaly: false, failedAnalysis: true, failureType: 'ReferenceProfileMissing', failureExplanation: 'no profile' }, [{ ...told, reason: 'amount: histogram could not be judged: no profile' }]],
    ['that failed, without a reason', { isAnomaly: false, failedAnalysis: true, failureType: 'ReferenceProfileMissing' }, [{ ...told, reason: 'amount: histogram could not be judged: ReferenceProfileMissing' }]],
    ['that is calm', { isAnomaly: false }, []],
    ['of the lag is left to the next time', { creationTimestamp: Date.parse('2026-11-26T10:06:00Z') }, []],
    ['from before was told the last time', { creationTimestamp: Date.parse('2026-11-26T09:59:00Z') }, []],
  ])('%s', async (_what, change, expected) => {
    expect(await found({ results: [JSON.parse(JSON.stringify({ ...RECORD, ...change }))] })).toEqual(expected);
  });

  test('of many is found, the newest first', async () => {
    const results = Array.from({ length: 9_999 }, (_, index) => ({ ...RECORD, isAnomaly: index % 5_000 === 7, creationTimestamp: RECORD.creationTimestamp + index }));

    expect(await found({ results })).toEqual([told, told]);
  });

  test.each<[string, object]>([
    ['no list', { message: 'ok' }],
    ['an answer that may be cut off', { results: Array(10_000).fill({ ...RECORD, isAnomaly: false }) }],
  ])('of %s is a failure', async (_what, answer) => {
    expect(await found(answer)).toBeUndefined();
  });
});

test.each<[string, any]>([
  ["'organization' must be 1 to 128 letters, digits, _ and -, got 'org/0'", { organization: 'org/0' }],
  ["'dataset' must be 1 to 128 letters, digits, _ and -, got ''", { dataset: '' }],
  ["'predictionColumn' must be a text that is not empty, got ''", { predictionColumn: '' }],
  ["'window' must be a Duration of 1 to 366 whole days, got 0.5 days", { window: Duration.hours(12) }],
  ["'url' must be an https:// URL", { url: 'whylabs.acme.dev' }],
  ["'url' must be the URL of a WhyLabs that you run, got 'https://api.whylabsapp.com/': the service of WhyLabs has ended, run its open-source edition or take another monitor", { url: 'https://api.whylabsapp.com/' }],
])('%s', (message, props) => {
  expect(() => made(props)).toThrow(message);
});

test('what merely starts like the address of the service is taken', () => {
  expect(() => made({ url: 'https://whylabsapp.com.acme.dev' })).not.toThrow();
});
