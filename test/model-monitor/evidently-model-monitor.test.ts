import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
// eslint-disable-next-line @typescript-eslint/no-require-imports
import jsonata = require('jsonata');
import { evidently } from '../../constructs/model-monitor/handlers/forward/formats/evidently';
import { DeployableSageMakerEndpoint, EvidentlyModelMonitor, EvidentlyModelMonitorProps, S3ArtifactStore } from '../../lib';
import { CONTEXT, evaluate } from '../support/jsonata';
import { definition, resource } from '../support/template';

const PROJECT = '01a2157b-b2e1-7128-9f4f-796b01eebe83';

function made(props: (stack: Stack) => Partial<EvidentlyModelMonitorProps> = () => ({})): Template {
  const stack = new Stack(new App(), 'test');
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: new S3ArtifactStore(stack, 'Store'), endpointName: 'fraud' });
  new EvidentlyModelMonitor(stack, 'Monitor', {
    endpoint, url: 'https://evidently.acme.dev', collectorUrl: 'https://collector.acme.dev', collector: 'fraud', project: PROJECT, ...props(stack),
  });
  return Template.fromStack(stack);
}

const { States } = definition(made()).States.Tell.Branches[0];
/** What the function selects of an answer to a call. */
const selected = async (call: string, answer: any) => JSON.parse(JSON.stringify(await jsonata(States[`Tell: ${call}`].Arguments.Select).evaluate(answer)));

test('rows, each with its prediction, for the collector', () => {
  const row = { id: 'one-0', at: '2026-11-26T09:59:58Z', features: { amount: 10, age: 30 }, prediction: 0.1 };

  expect(evidently([row], { source: 's3://acme/capture', options: { collector: 'fraud' }, now: 0, batch: '' })).toEqual([{ path: '/fraud/data', body: [{ amount: 10, age: 30, prediction: 0.1 }] }]);
});

test('asks every 5 minutes', () => {
  expect(resource(made(), 'AWS::Events::Rule', 'VerdictsWhen').Properties.ScheduleExpression).toBe('rate(5 minutes)');
});

test('asks as often as it is told, by the secret that it is given', () => {
  const template = made(stack => ({ interval: Duration.minutes(1), secret: secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'evidently'), secretField: 'token' }));

  expect(resource(template, 'AWS::Events::Rule', 'VerdictsWhen').Properties.ScheduleExpression).toBe('rate(1 minute)');
  const { Variables } = resource(template, 'AWS::Lambda::Function', 'MonitorTrafficForwarder').Properties.Environment;
  expect([JSON.parse(Variables.CREDENTIALS), Variables.SECRET_FIELD]).toEqual([{ headers: { 'evidently-secret': '${CREDENTIAL}' } }, 'token']);
});

describe('a result', () => {
  // 2026-11-26T01:32:40.085Z in hexadecimal, as the first digits of a UUID of version 7.
  const begun = Date.parse('2026-11-26T01:32:40.085Z');
  const id = `${begun.toString(16).padStart(12, '0').replace(/^(.{8})(.{4})$/, '$1-$2')}-74fd-8102-ebccf1aead69`;
  const looked = async (time: string, answer: any) => evaluate(States['Tell: results'].Assign.results, {
    states: { context: { ...CONTEXT, Execution: { ...CONTEXT.Execution, Input: { time } } }, result: { ResponseBody: await selected('results', answer) } },
  });

  test.each<[string, string, string[]]>([
    ['in the interval before the last minute', '2026-11-26T01:35:00Z', [id]],
    ['that was begun in the last minute is left to the next time', '2026-11-26T01:33:00Z', []],
    ['from before was looked at the last time', '2026-11-26T01:40:00Z', []],
  ])('%s', async (_what, time, found) => {
    expect(await looked(time, [{ id, name: null }])).toEqual(found);
  });

  test('of none is none', async () => {
    expect(await looked('2026-11-26T01:35:00Z', [])).toEqual([]);
  });

  test('gives a verdict for each test that failed', async () => {
    const tests = [{ name: 'Drift per Column', description: 'amount', status: 'FAIL' }, { name: 'Drift per Column', description: 'age', status: 'SUCCESS' }];
    const { failed } = await selected('suite', { tests });

    expect(failed).toEqual([{ check: 'Drift per Column', reason: 'amount' }]);
    expect(await evaluate(States['Tell: told'].Arguments.Entries, { suite: failed, states: { context: CONTEXT } })).toMatchObject([{ Detail: { alarmName: 'Drift per Column', state: { reason: 'amount' } } }]);
  });

  test.each([[null], [[]]])('%j tells nothing', async suite => {
    expect(await evaluate(States['Tell: told if?'].Choices[0].Condition, { suite, states: { context: CONTEXT } })).toBe(false);
  });
});

test.each<[string, any]>([
  ["'collector' must be 1 to 100 letters, digits, _ and -, got 'a/b'", { collector: 'a/b' }],
  ["'project' must be the id of a project, a UUID, got 'fraud'", { project: 'fraud' }],
  ["'interval' must be a Duration of 1 to 1440 whole minutes, got 0.5 minutes", { interval: Duration.seconds(30) }],
  ["'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'evidently'", { url: 'evidently' }],
])('%s', (message, props) => {
  expect(() => made(() => props)).toThrow(message);
});
