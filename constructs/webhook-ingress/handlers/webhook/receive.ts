import { keyOf } from '../../../core/handlers/mac';
import { Refusal } from './refusal';
import { FORMS, Signature, unsigned } from './signatures';

/** What API Gateway hands over, of payload format 2.0. */
export interface Request {
  readonly headers?: { readonly [name: string]: string | undefined };
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** An answer to the vendor; it says nothing that helps to forge the next attempt. */
export interface Answer {
  readonly statusCode: number;
  readonly body: string;
}

/** How a claim on a delivery ended: it is ours, it was passed on before, or another attempt is at it. */
export type Claim = 'ours' | 'done' | 'busy';

/** What the receiver works with. */
export interface Surroundings {
  /** Milliseconds since 1970. */
  now(): number;
  secret(): Promise<string>;
  claim(delivery: string): Promise<Claim>;
  /** The delivery was passed on. */
  settle(delivery: string): Promise<void>;
  /** The delivery was not passed on: the vendor may try again. */
  release(delivery: string): Promise<void>;
  put(body: string): Promise<void>;
}

/** Bytes; an event of EventBridge holds 256 KB, all in all. */
export const LIMIT = 200_000;

/** Passes a signed body on to the bus, once; whatever else comes in is refused. */
export async function receive(request: Request, signature: Signature, surroundings: Surroundings): Promise<Answer> {
  try {
    const body = bytes(request);
    const delivery = verified(request, body, signature, await surroundings.secret(), surroundings.now());
    return await pass(delivery, object(body), surroundings);
  } catch (error) {
    const { statusCode = 503, message } = error as Partial<Refusal>;
    console.warn(JSON.stringify({ refused: message, statusCode }));
    return answer(statusCode, statusCode === 503 ? 'try again later' : message!);
  }
}

async function pass(delivery: string, body: string, { claim, put, settle, release }: Surroundings): Promise<Answer> {
  const claimed = await claim(delivery);
  if (claimed === 'done') return answer(200, 'known already');
  if (claimed === 'busy') throw new Refusal(503, 'another attempt is at this delivery');
  try {
    await put(body);
  } catch (error) {
    await release(delivery);
    throw error;
  }
  await settle(delivery);
  return answer(202, 'accepted');
}

function bytes({ body = '', isBase64Encoded = false }: Request): Buffer {
  // Measured before it is decoded: what is encoded is never shorter.
  if (body.length > (isBase64Encoded ? LIMIT * 4 / 3 + 4 : LIMIT)) throw new Refusal(413, `the body must have at most ${LIMIT} bytes`);
  const content = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  if (content.length > LIMIT) throw new Refusal(413, `the body must have at most ${LIMIT} bytes`);
  return content;
}

/** What the delivery is known by, when the vendor has signed it. */
function verified({ headers = {} }: Request, body: Buffer, signature: Signature, secret: string, now: number): string {
  const key = keyOf(secret, signature.encodedKey);
  // Anybody can sign with an empty key.
  if (!key.length) throw new Refusal(503, 'the secret is empty');
  const read = (name: string): string => {
    // Several headers of one name come in joined by a comma, which no form takes.
    const values = Object.entries(headers).filter(([key]) => key.toLowerCase() === signature.headers[name].toLowerCase()).map(([, value]) => value);
    if (values.length !== 1 || values[0] === undefined) throw unsigned();
    return values[0];
  };
  return FORMS[signature.form]({ body, read, prefix: signature.prefix, key, now });
}

/** The text of a JSON object, which is all that EventBridge takes. */
function object(body: Buffer): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    const value = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return text;
  } catch {
    // Answered below.
  }
  throw new Refusal(400, 'the body must be a JSON object');
}

const answer = (statusCode: number, message: string): Answer => ({ statusCode, body: JSON.stringify({ message }) });
