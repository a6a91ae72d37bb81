import { WebhookKey } from '../../credentials';
import { bodyMac, keyOf, standardMac } from '../mac';
import { HttpError } from './http';

/** What is signed. */
export interface Signed {
  /** What repeats of the request are known by. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly at: number;
  readonly body: string;
}

/** Each form: the headers that show whose `signed` is. */
const FORMS: { readonly [form: string]: (key: Buffer, signed: Signed, webhook: WebhookKey) => { [name: string]: string } } = {
  standard: (key, { id, at, body }, { headers }) => ({
    [headers.idHeader]: id, [headers.timestampHeader]: `${at}`, [headers.signatureHeader]: `v1,${standardMac(key, id, `${at}`, body).toString('base64')}`,
  }),
  hmac: (key, { body }, { headers, prefix }) => ({ [headers.header]: `${prefix}${bodyMac(key, body).toString('hex')}` }),
};

/** The headers of a signed webhook. */
export function webhookHeaders(webhook: WebhookKey, signed: Signed): { [name: string]: string } {
  const key = keyOf(webhook.secret, webhook.encodedKey);
  if (!key.length) throw new HttpError('Http.AccessDenied', "the secret holds no key: after 'whsec_' stands the key in base64");
  return FORMS[webhook.form](key, signed, webhook);
}
