import { App, Lazy, Stack } from 'aws-cdk-lib';
import { Auth, WebhookAlerter, WebhookSignature } from '../../lib';
import { secret } from '../core/components';
import { CONTEXT } from '../support/jsonata';
import { allowed } from '../support/template';
import { notifying, send } from './notify';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

test('posts JSON, whatever the receiver answers, and answers the id that it gave', async () => {
  const stack = new Stack(new App(), 'test');
  const alerter = new WebhookAlerter(stack, 'Alerter', { url: 'https://hooks.acme.dev/ml/alerts' });
  const { output, requests } = await send(notifying(stack, alerter), 'thanks');

  expect(output.id).toMatch(/^notify-run-1-[0-9a-f]{12}$/);
  expect(requests).toEqual([expect.objectContaining({
    ApiEndpoint: 'https://hooks.acme.dev/ml/alerts', Method: 'POST', RequestBody: { id: output.id, subject: 'Run r1', message: 'Cause: x', source: CONTEXT.Execution.Id },
  })]);
  expect(alerter.bind(stack as any)).toEqual({
    provider: 'webhook', address: 'https://hooks.acme.dev/ml/alerts', variables: { MLOPS_ALERT_URL: 'https://hooks.acme.dev/ml/alerts' }, secrets: {},
    probes: [{ shows: 'alive', url: 'https://hooks.acme.dev/ml' }],
  });
});

test.each([
  ['https://acme.dev', 'https://acme.dev/', 'https://acme.dev/*'],
  ['https://acme.dev/', 'https://acme.dev/', 'https://acme.dev/*'],
  ['https://acme.dev/hook', 'https://acme.dev/hook', 'https://acme.dev/*'],
  ['https://acme.dev/a/b/', 'https://acme.dev/a/b/', 'https://acme.dev/a/b/*'],
])('%s is called as %s, and no more is allowed than %s', async (url, called, allowedAddress) => {
  const stack = new Stack(new App(), 'test');
  const template = notifying(stack, new WebhookAlerter(stack, 'Alerter', { url }));

  expect((await send(template, {})).requests[0].ApiEndpoint).toBe(called);
  expect(allowed(template, 'MachineRole')[0].condition.StringLike).toEqual({ 'states:HTTPEndpoint': allowedAddress });
});

test('the receiver may know its callers by a user and a password', () => {
  const stack = new Stack(new App(), 'test');
  const password = secret(stack);
  const alerter = new WebhookAlerter(stack, 'Alerter', { url: 'https://acme.dev/hook', auth: Auth.basic('ml', password, 'password') });

  expect(alerter.bind(stack as any)).toMatchObject({ variables: { MLOPS_ALERT_USERNAME: 'ml' }, secrets: { MLOPS_ALERT_CREDENTIAL: { secret: password, field: 'password' } } });
});

test('it may sign what it posts, each repeat under one id', async () => {
  const stack = new Stack(new App(), 'test');
  const alerter = new WebhookAlerter(stack, 'Alerter', { url: 'https://acme.dev/hook', auth: Auth.signed(secret(stack), WebhookSignature.standard()) });
  const { output, requests } = await send(notifying(stack, alerter), {});

  expect(requests).toEqual([expect.objectContaining({ ApiEndpoint: 'https://acme.dev/hook', Method: 'POST', Id: `${output.id}-sent` })]);
  expect(alerter.bind(stack as any).probes).toMatchObject([{ shows: 'alive' }, { shows: 'authorized', webhook: { secret: '${MLOPS_ALERT_CREDENTIAL}', form: 'standard' } }]);
});

test('a signature that is a token is a header', () => {
  const key = secret(new Stack(new App(), 'test'));

  expect(Auth.signed(key, WebhookSignature.token('X-Key', 'Key ')).authorization('k', '')).toEqual(Auth.header('X-Key', key, undefined, 'Key ').authorization('k', ''));
});

test.each([
  ['http://acme.dev/hook', "'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://acme.dev'"],
  ['https://acme.dev/hook?sig=abc', "'url' must be an https:// URL without credentials, query or fragment, known at synth, got 'https://acme.dev/hook?sig=abc'"],
  [Lazy.string({ produce: () => 'https://acme.dev' }), "'url' must be an https:// URL without credentials, query or fragment, known at synth, got a value that only the deployment knows"],
])('%s is refused', (url, message) => {
  expect(() => new WebhookAlerter(new Stack(), 'Alerter', { url })).toThrow(new Error(message));
});
