import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { DatadogAlerter } from '../../lib';
import { secret } from '../core/components';
import { allowed, resource } from '../support/template';
import { notifying, send } from './notify';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

const stack = new Stack(new App(), 'test');
const apiKey = secret(stack, 'acme/datadog');
const alerter = new DatadogAlerter(stack, 'Alerter', { apiKey });
const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
const binding = alerter.bind(client);
const template = notifying(stack, alerter);

test('posts one event, and answers its id', async () => {
  const { output, requests } = await send(template, { status: 'ok', event: { id: 42, title: 'Run r1' } });

  expect(output).toEqual({ id: '42' });
  expect(requests).toEqual([expect.objectContaining({
    ApiEndpoint: 'https://api.datadoghq.com/api/v1/events', Method: 'POST',
    RequestBody: { title: 'Run r1', text: 'Cause: x', alert_type: 'error', aggregation_key: expect.stringMatching(/^notify-run-1-[0-9a-f]{12}$/) },
  })]);
});

test('an id that no number holds is taken as text', async () => {
  expect((await send(template, { event: { id: 7412345678901234567, id_str: '7412345678901234567' } })).output).toEqual({ id: '7412345678901234567' });
});

test('a title of 100 characters in one line, a text of 4000', async () => {
  const { requests } = await send(template, { event: { id: 1 } }, { run: `a\n${'x'.repeat(200)}`, message: 'm'.repeat(5000) });

  expect(requests[0].RequestBody).toMatchObject({ title: `Run a ${'x'.repeat(94)}`, text: 'm'.repeat(4000) });
});

test('an answer without an event is a failure', async () => {
  expect((await send(template, { errors: ['Forbidden'] })).error?.Error).toBe('Mlops.Failed');
});

test('the API key is a reference, in the connection and in the environment', () => {
  expect(resource(template, 'AWS::Events::Connection').Properties.AuthParameters).toEqual({
    ApiKeyAuthParameters: { ApiKeyName: 'DD-API-KEY', ApiKeyValue: expect.stringMatching(/^\{\{resolve:secretsmanager:.*acme\/datadog:SecretString:::\}\}$/) },
  });
  expect(binding).toEqual({
    provider: 'datadog', address: 'https://api.datadoghq.com', variables: { DD_SITE: 'datadoghq.com' }, secrets: { DD_API_KEY: { secret: apiKey, field: undefined } },
    probes: [
      { shows: 'alive', url: 'https://api.datadoghq.com' },
      { shows: 'authorized', url: 'https://api.datadoghq.com/api/v1/validate', headers: { 'DD-API-KEY': '${DD_API_KEY}' }, expects: { valid: true } },
    ],
  });
  expect(allowed(template, 'Client')).toEqual([]);
});

test('another site, and tags', async () => {
  const own = new Stack(new App(), 'test');
  const { requests } = await send(notifying(own, new DatadogAlerter(own, 'Alerter', { apiKey: secret(own), site: 'us5.datadoghq.com', tags: ['team:ml'] })), { event: { id: 1 } });

  expect(requests[0]).toMatchObject({ ApiEndpoint: 'https://api.us5.datadoghq.com/api/v1/events', RequestBody: { tags: ['team:ml'] } });
});

test.each([
  [{ site: 'https://datadoghq.eu' }, "'site' must be a Datadog site, such as 'datadoghq.com' or 'us5.datadoghq.com', got 'https://datadoghq.eu'"],
  [{ tags: ['team ml'] }, "'tags.0' must be a tag of at most 200 characters, such as 'team:ml', got 'team ml'"],
  [{ apiKey: 'k-1234' as any }, "'apiKey' must be a secret (secretsmanager.ISecret), got 'k-1234'"],
])('%j is refused', (props, message) => {
  expect(() => new DatadogAlerter(new Stack(), 'Alerter', { apiKey, ...props })).toThrow(new Error(message));
});
