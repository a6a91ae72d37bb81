import { createHash, timingSafeEqual } from 'node:crypto';
import { bodyMac, standardMac } from '../../../core/handlers/mac';
import { Refusal } from './refusal';

/** A signature as the construct hands it over. */
export interface Signature {
  readonly form: string;
  readonly headers: { readonly [name: string]: string };
  readonly prefix: string;
  /** A secret that begins with `whsec_` holds the key in base64. */
  readonly encodedKey: boolean;
}

/** A request that is to be verified. */
export interface Claimed {
  readonly body: Buffer;
  /** The one value of a header, by the name that the form has for it; a refusal when there is none, or several. */
  read(name: string): string;
  readonly prefix: string;
  readonly key: Buffer;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Seconds that a signature which tells its time may be old, or ahead of our clock. */
export const WINDOW = 300;

/** Each form: what the delivery is known by, when the request is the vendor's. */
export const FORMS: { readonly [form: string]: (claimed: Claimed) => string } = { standard, hmac, token };

function standard({ body, read, key, now }: Claimed): string {
  // Id and time hold no `.`: what is signed can be taken apart in one way only.
  const id = matched(read('idHeader'), /^([\w-]{1,128})$/);
  const timestamp = matched(read('timestampHeader'), /^(\d{1,12})$/);
  const expected = standardMac(key, id, timestamp, body);
  // While a secret is rotated the vendor signs with both; signatures of other kinds may stand among them.
  const given = read('signatureHeader').split(' ').map(one => Buffer.from(/^v1,([A-Za-z0-9+/]{43}=)$/.exec(one)?.[1] ?? '', 'base64'));
  if (!given.some(one => isSame(one, expected))) throw unsigned();
  if (Math.abs(now / 1000 - Number(timestamp)) > WINDOW) throw new Refusal(401, `the request was signed more than ${WINDOW} seconds ago, or ahead of time`);
  // Another attempt may be signed anew, at its own time.
  return id;
}

function hmac({ body, read, prefix, key }: Claimed): string {
  const text = matched(after(prefix, read('header')), /^([0-9a-f]{64}|[A-Za-z0-9+/]{43}=)$/);
  const given = Buffer.from(text, text.endsWith('=') ? 'base64' : 'hex');
  const expected = bodyMac(key, body);
  if (!isSame(given, expected)) throw unsigned();
  return expected.toString('hex');
}

function token({ body, read, prefix, key }: Claimed): string {
  // Digests are of one length, whatever was sent.
  if (!isSame(digest(after(prefix, read('header'))), digest(key))) throw unsigned();
  return digest(body).toString('hex');
}

const digest = (content: string | Buffer) => createHash('sha256').update(content).digest();

function isSame(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function after(prefix: string, value: string): string {
  if (!value.startsWith(prefix)) throw unsigned();
  return value.slice(prefix.length);
}

function matched(value: string, form: RegExp): string {
  const [, match] = form.exec(value) ?? [];
  if (match === undefined) throw unsigned();
  return match;
}

/** The one answer to whatever is not signed. */
export const unsigned = () => new Refusal(401, 'the request is not signed as it must be');
