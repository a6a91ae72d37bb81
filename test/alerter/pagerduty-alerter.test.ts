import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { PagerDutyAlerter, PagerDutySeverity } from '../../lib';
import { secret } from '../core/components';
import { CONTEXT } from '../support/jsonata';
import { allowed, resource } from '../support/template';
import { notifying, send } from './notify';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

const stack = new Stack(new App(), 'test');
const routingKey = secret(stack, 'acme/pagerduty');
const alerter = new PagerDutyAlerter(stack, 'Alerter', { routingKey });
const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
const binding = alerter.bind(client);
const template = notifying(stack, alerter);
const KEY = /^notify-run-1-[0-9a-f]{12}$/;

test('sends one event, named by the run, and answers its key', async () => {
  const { output, requests } = await send(template, { status: 'success', message: 'Event processed', dedup_key: 'notify-run-1-abc' });

  expect(output).toEqual({ id: 'notify-run-1-abc' });
  expect(requests).toEqual([expect.objectContaining({
    ApiEndpoint: 'https://events.pagerduty.com/v2/enqueue', Method: 'POST',
    RequestBody: {
      event_action: 'trigger', dedup_key: expect.stringMatching(KEY),
      payload: { summary: 'Run r1', severity: 'error', source: CONTEXT.Execution.Id, custom_details: { message: 'Cause: x' } },
    },
  })]);
});

test('a repeat is the same alert to PagerDuty', async () => {
  const [one, other] = [await send(template, { dedup_key: 'k' }), await send(template, { dedup_key: 'k' })].map(({ requests }) => requests[0].RequestBody.dedup_key);

  expect(one).toMatch(KEY);
  expect(other).toBe(one);
});

test('a summary is one line of at most 1024 characters', async () => {
  const { requests } = await send(template, { dedup_key: 'k' }, { run: `a\n${'x'.repeat(2000)}`, message: 'm' });

  expect(requests[0].RequestBody.payload.summary).toBe(`Run a ${'x'.repeat(1018)}`);
});

test('an answer without a key is a failure', async () => {
  expect((await send(template, { status: 'invalid event' })).error?.Error).toBe('Mlops.Failed');
});

test('the routing key is a reference: a field that the connection adds to the body', () => {
  expect(resource(template, 'AWS::Events::Connection').Properties.AuthParameters.InvocationHttpParameters).toEqual({
    BodyParameters: [{ Key: 'routing_key', Value: expect.stringMatching(/^\{\{resolve:secretsmanager:.*acme\/pagerduty:SecretString:::\}\}$/), IsValueSecret: true }],
  });
  expect(binding).toEqual({
    provider: 'pagerduty', address: 'https://events.pagerduty.com', variables: { PAGERDUTY_EVENTS_URL: 'https://events.pagerduty.com' },
    secrets: { PAGERDUTY_ROUTING_KEY: { secret: routingKey, field: undefined } },
    probes: [
      { shows: 'alive', url: 'https://events.pagerduty.com' },
      {
        shows: 'authorized', url: 'https://events.pagerduty.com/v2/enqueue', expects: { status: 'success' },
        body: { event_action: 'resolve', dedup_key: 'doctor', routing_key: '${PAGERDUTY_ROUTING_KEY}' },
      },
    ],
  });
  expect(allowed(template, 'Client')).toEqual([]);
});

test.each([
  [{ routingKey: 'R0123' }, "'routingKey' must be a secret (secretsmanager.ISecret), got 'R0123'"],
  [{ routingKey, severity: 'fatal' }, "'severity' must be critical, error, warning or info, got 'fatal': did you mean 'critical'?"],
])('%j is refused', (props: any, message) => {
  expect(() => new PagerDutyAlerter(new Stack(), 'Alerter', props)).toThrow(new Error(message));
});

test('an empty message is refused', () => {
  expect(() => alerter.notify(stack, 'Empty', { subject: 'A', message: '' })).toThrow(new Error("'message' must be a text that is not empty, got ''"));
});

test('a severity, a field of the secret, the API of the EU', async () => {
  const own = new Stack(new App(), 'test');
  const props = { routingKey: secret(own), routingKeyField: 'key', severity: PagerDutySeverity.CRITICAL, url: 'https://events.eu.pagerduty.com' };
  const critical = notifying(own, new PagerDutyAlerter(own, 'Alerter', props));
  const { requests } = await send(critical, { dedup_key: 'k' });

  expect(requests[0]).toMatchObject({ ApiEndpoint: 'https://events.eu.pagerduty.com/v2/enqueue', RequestBody: { payload: { severity: 'critical' } } });
  expect(resource(critical, 'AWS::Events::Connection').Properties.AuthParameters.InvocationHttpParameters.BodyParameters[0].Value).toMatch(/:SecretString:key::\}\}$/);
});
