import * as fc from 'fast-check';
import { WebhookIngress, WebhookSignature } from '../../lib';
import { props, secret, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';

const header = fc.constantFrom('X-Acme-Id', 'webhook-id', 'a b', '');

const prefix = fc.constantFrom('', 'Bearer ', 'sha256=', '\n');
const signature = fc.oneof(
  fc.record({ signatureHeader: header, idHeader: header, timestampHeader: header, encodedKey: fc.boolean() }, { requiredKeys: [] }).map(headers => () => WebhookSignature.standard(headers)),
  fc.tuple(header, prefix).map(all => () => WebhookSignature.hmac(...all)),
  fc.tuple(header, prefix).map(all => () => WebhookSignature.token(...all)),
);

fuzz('WebhookIngress', fc.tuple(signature, props({ secret }, { secretField: textOrReference })), (stack, [sign, given]) => {
  new WebhookIngress(stack, 'Ingress', { ...given, signature: sign() });
});
