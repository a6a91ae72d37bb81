import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { fiddler } from '../../constructs/model-monitor/handlers/forward/formats/fiddler';
import { DeployableSageMakerEndpoint, FiddlerModelMonitor, FiddlerModelMonitorProps, S3ArtifactStore } from '../../lib';
import { CONTEXT, evaluate } from '../support/jsonata';
import { definition, resource } from '../support/template';

const MODEL = 'd30bc065-a2ca-461e-bdcc-56d47c85d2a3';
const [FIRST, SECOND] = ['1d7f6e2c-39a1-4b0e-9a66-0c5a9f1d2b3c', '2d7f6e2c-39a1-4b0e-9a66-0c5a9f1d2b3c'];

function made(props: Partial<FiddlerModelMonitorProps> = {}): Template {
  const stack = new Stack(new App(), 'test');
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: new S3ArtifactStore(stack, 'Store'), endpointName: 'fraud' });
  new FiddlerModelMonitor(stack, 'Monitor', {
    endpoint, url: 'https://acme.fiddler.ai', model: MODEL, alertRules: { 'amount drifts': FIRST, 'age drifts': SECOND }, apiKey: secretsmanager.Secret.fromSecretNameV2(stack, 'Key', 'fiddler'), ...props,
  });
  return Template.fromStack(stack);
}

describe('events', () => {
  const row = { id: 'one-0', at: '2026-11-26T09:59:58Z', features: { amount: 10, age: 30 }, prediction: 0.1 };
  const events = (options: object) => (fiddler([row], { source: 's3://acme/capture', batch: '', options, now: 0 }) as [any])[0];

  test('of production, as the client of the vendor publishes them', () => {
    expect(events({ model: MODEL, prediction: 'prediction' })).toEqual({
      path: '/v3/events', body: { source: { type: 'EVENTS', events: [{ amount: 10, age: 30, prediction: 0.1 }] }, model_id: MODEL, env_type: 'PRODUCTION', env_name: null },
    });
  });

  test('in the columns that the model has', () => {
    expect(events({ model: MODEL, prediction: 'score', timestamp: 'time', id: 'event' }).body.source.events).toEqual([{ amount: 10, age: 30, score: 0.1, time: row.at, event: 'one-0' }]);
  });
});

test('the function knows the model and its columns', () => {
  const { Variables } = resource(made({ predictionColumn: 'score', timestampColumn: 'time', idColumn: 'event', features: ['amount', 'age'], apiKeyField: 'key' }), 'AWS::Lambda::Function', 'MonitorTrafficForwarder').Properties.Environment;

  expect(JSON.parse(Variables.VENDOR)).toMatchObject({ format: 'fiddler', options: { model: MODEL, prediction: 'score', timestamp: 'time', id: 'event' }, features: ['amount', 'age'] });
  expect([JSON.parse(Variables.CREDENTIALS), Variables.SECRET_FIELD]).toEqual([{ headers: { Authorization: 'Bearer ${CREDENTIAL}' } }, 'key']);
});

describe('an alert', () => {
  const { States } = definition(made()).States.Tell.Branches[0];
  const time = '2026-11-26T10:05:00Z';
  const known = { context: { ...CONTEXT, Execution: { ...CONTEXT.Execution, Input: { time } } } };
  /** As the vendor's client is answered. */
  const RECORD = {
    alert_rule_id: FIRST, alert_value: 37, warning_threshold: 2, critical_threshold: 3, severity: 'CRITICAL', is_alert: true, failure_reason: 'NA', message: '', feature_name: 'amount',
    created_at: '2026-11-26T10:01:43.499697+00:00',
  };
  const found = (items: unknown) => evaluate(States['Tell: alerts0'].Assign.alerts0, { states: { ...known, result: { ResponseBody: { data: { items } } } } });
  const told = { check: 'amount drifts', reason: 'CRITICAL: amount is 37, warned of at 2, critical at 3' };

  test('is asked for by its rule, with the bins of a month', async () => {
    const { ApiEndpoint, QueryParameters } = await evaluate(States['Tell: alerts1'].Arguments, { states: known }) as any;

    expect(ApiEndpoint).toBe(`https://acme.fiddler.ai/v3/alert-rules/${SECOND}/records`);
    expect(QueryParameters).toEqual({ start_time: '2026-10-25T10:05:00.000Z', end_time: time, ordering: '-created_at', limit: '100' });
  });

  test.each<[string, object, unknown[]]>([
    ['of the interval before the last minute', {}, [told]],
    ['that only warns', { severity: 'WARNING', feature_name: null, critical_threshold: null }, [{ ...told, reason: 'WARNING: 37, warned of at 2, critical at null' }]],
    ['that says why', { message: 'PSI of amount is 0.4' }, [{ ...told, reason: 'PSI of amount is 0.4' }]],
    ['of the last minute is left to the next time', { created_at: '2026-11-26T10:04:30Z' }, []],
    ['from before was told the last time', { created_at: '2026-11-26T09:58:00Z' }, []],
    ['that is none', { is_alert: false }, []],
    ['without is_alert, as the API is published', { is_alert: undefined }, [told]],
  ])('%s', async (_what, change, expected) => {
    expect(await found([JSON.parse(JSON.stringify({ ...RECORD, ...change }))])).toEqual(expected);
  });

  test('of no list is a failure', async () => {
    expect(await found(undefined)).toBeUndefined();
  });

  test.each<[string, unknown, unknown, string[]]>([['of one rule', [told], [], ['amount drifts']], ['of two rules', [told, told], [{ ...told, check: 'age drifts' }], ['amount drifts', 'amount drifts', 'age drifts']]])(
    '%s is told', async (_what, alerts0, alerts1, checks) => {
      const entries = await evaluate(States['Tell: told'].Arguments.Entries, { alerts0, alerts1, states: known }) as any[];

      expect(entries.map(({ Detail }) => Detail.alarmName)).toEqual(checks);
    });

  test('that is none tells nothing', async () => {
    expect(await evaluate(States['Tell: told if?'].Choices[0].Condition, { alerts0: [], alerts1: [], states: known })).toBe(false);
  });
});

test.each<[string, any]>([
  ["'model' must be the id of a model, a UUID, got 'fraud'", { model: 'fraud' }],
  ["'alertRules' must be 1 to 10 alert rules, got 0", { alertRules: {} }],
  ["'alertRules.drift' must be the id of an alert rule, a UUID, got '7'", { alertRules: { drift: '7' } }],
  ['named with 1 to 100 letters, digits, spaces and _ . : ( ) -', { alertRules: { "it's": FIRST } }],
  ["'predictionColumn' must be a text that is not empty, got ''", { predictionColumn: '' }],
  ["'url' must be an https:// URL", { url: 'acme.fiddler.ai' }],
])('%s', (message, props) => {
  expect(() => made(props)).toThrow(message);
});
