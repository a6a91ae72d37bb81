import * as fc from 'fast-check';
import { WebhookIngress } from '../../lib';
import { props, secret, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';

const header = fc.constantFrom('X-Acme-Id', 'webhook-id', 'a b', '');

fuzz('WebhookIngress', props({ secret, signature: fc.record({ signatureHeader: header, idHeader: header, timestampHeader: header }) }, { secretField: textOrReference }), (stack, given) => {
  new WebhookIngress(stack, 'Ingress', given);
});
