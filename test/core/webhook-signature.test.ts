import { WebhookSignature } from '../../constructs/core';

test('the standard has headers, a form and keys of its own', () => {
  expect(WebhookSignature.standard()).toEqual({
    form: 'standard', headers: { signatureHeader: 'webhook-signature', idHeader: 'webhook-id', timestampHeader: 'webhook-timestamp' }, prefix: '', encodedKey: true,
  });
  expect(WebhookSignature.standard({ idHeader: 'X-Id', encodedKey: false })).toMatchObject({ headers: { signatureHeader: 'webhook-signature', idHeader: 'X-Id' }, encodedKey: false });
});

test.each(['hmac', 'token'] as const)('%s stands in one header, behind a prefix where there is one', form => {
  expect(WebhookSignature[form]('X-Signature')).toEqual({ form, headers: { header: 'X-Signature' }, prefix: '', encodedKey: false });
  expect(WebhookSignature[form]('X-Signature', 'sha256=').prefix).toBe('sha256=');
});

test.each<[string, () => WebhookSignature]>([
  ["'header' must be a header's name of letters, digits and -, got 'X Signature'", () => WebhookSignature.hmac('X Signature')],
  ["'idHeader' must be a header's name of letters, digits and -, got ''", () => WebhookSignature.standard({ idHeader: '' })],
  [`'prefix' must be at most 100 characters of ASCII, got '${'x'.repeat(101)}'`, () => WebhookSignature.token('X', 'x'.repeat(101))],
  ["'prefix' must be at most 100 characters of ASCII, got 'größer'", () => WebhookSignature.token('X', 'größer')],
])('%s', (line, make) => {
  expect(make).toThrow(new Error(line));
});
