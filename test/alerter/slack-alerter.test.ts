import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { SlackAlerter } from '../../lib';
import { secret } from '../core/components';
import { allowed, resource } from '../support/template';
import { notifying, send } from './notify';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

const stack = new Stack(new App(), 'test');
const token = secret(stack, 'acme/slack');
const alerter = new SlackAlerter(stack, 'Alerter', { channel: '#ml-alerts', token, tokenField: 'bot' });
const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
const binding = alerter.bind(client);
const template = notifying(stack, alerter);

test('posts one message, and answers its time stamp', async () => {
  const { output, requests } = await send(template, { ok: true, channel: 'C1', ts: '1503435956.000247' });

  expect(output).toEqual({ id: '1503435956.000247' });
  expect(requests).toEqual([{
    ApiEndpoint: 'https://slack.com/api/chat.postMessage', Method: 'POST', Authentication: { ConnectionArn: expect.stringMatching(/^<AlerterConnection/) },
    RequestBody: { channel: '#ml-alerts', text: 'Run r1\nCause: x', mrkdwn: false },
  }]);
});

test('what Slack reads as its own is escaped', async () => {
  const { requests } = await send(template, { ok: true, ts: '1' }, { run: '<!channel> & co', message: 'a > b && $1' });

  expect(requests[0].RequestBody.text).toBe('Run &lt;!channel&gt; &amp; co\na &gt; b &amp;&amp; $1');
});

test.each([
  ['a refusal, which comes with status 200,', { ok: false, error: 'not_in_channel' }, 'Notify: {"ok":false,"error":"not_in_channel"}'],
  ['an answer that is no JSON', '<html>', 'Notify: <html>'],
])('%s is a failure', async (_what, answer, cause) => {
  const { error } = await send(template, answer);

  expect(error).toEqual({ Error: 'Mlops.Failed', Cause: expect.stringContaining(cause) });
});

test('the token is a reference, in the connection and in the environment', () => {
  expect(resource(template, 'AWS::Events::Connection').Properties.AuthParameters).toEqual({
    ApiKeyAuthParameters: { ApiKeyName: 'Authorization', ApiKeyValue: expect.stringMatching(/^Bearer \{\{resolve:secretsmanager:.*acme\/slack:SecretString:bot::\}\}$/) },
  });
  expect(binding).toEqual({
    provider: 'slack', address: 'https://slack.com', variables: { SLACK_CHANNEL: '#ml-alerts' }, secrets: { SLACK_BOT_TOKEN: { secret: token, field: 'bot' } },
    probes: [
      { shows: 'alive', url: 'https://slack.com/api/api.test' },
      { shows: 'authorized', url: 'https://slack.com/api/auth.test', method: 'POST', headers: { Authorization: 'Bearer ${SLACK_BOT_TOKEN}' }, expects: { ok: true } },
    ],
  });
  expect(allowed(template, 'Client')).toEqual([]);
});

test('another address of Slack', async () => {
  const own = new Stack(new App(), 'test');
  const { requests } = await send(notifying(own, new SlackAlerter(own, 'Alerter', { channel: 'C0123456789', token: secret(own), url: 'https://slack-gov.com' })), { ok: true, ts: '1' });

  expect(requests[0]).toMatchObject({ ApiEndpoint: 'https://slack-gov.com/api/chat.postMessage', RequestBody: { channel: 'C0123456789' } });
});

test('a channel without # is refused', () => {
  expect(() => new SlackAlerter(stack, 'Bad', { channel: 'ml alerts', token })).toThrow(new Error("'channel' must be a channel's id, or its name with a #, got 'ml alerts'"));
});
