import { createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookSignature } from '../../webhook-ingress';

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

/** Seconds that a signature may be old, or ahead of our clock. */
export const WINDOW = 300;

/** Bytes; an event of EventBridge holds 256 KB, all in all. */
export const LIMIT = 200_000;

/** Why a request is refused. */
class Refusal extends Error {
  constructor(public readonly statusCode: number, message: string) {
    super(message);
  }
}

/** Passes a signed body on to the bus, once; whatever else comes in is refused. */
export async function receive(request: Request, signature: WebhookSignature, surroundings: Surroundings): Promise<Answer> {
  try {
    const body = bytes(request);
    const delivery = verified(body, named(request, signature), await surroundings.secret(), surroundings.now());
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

interface Signed {
  readonly id: string;
  readonly timestamp: string;
  readonly given: Buffer;
}

/** The headers. Id and time hold no `.`: what is signed can be taken apart in one way only. */
function named({ headers = {} }: Request, signature: WebhookSignature): Signed {
  const read = (name: string, form: RegExp): string => {
    // Several headers of one name come in joined by a comma, which none of the forms takes.
    const values = Object.entries(headers).filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
    const [, match] = values.length === 1 ? form.exec(values[0] ?? '') ?? [] : [];
    if (match === undefined) throw new Refusal(401, 'the request is not signed as it must be');
    return match;
  };
  return {
    id: read(signature.idHeader, /^([\w-]{1,128})$/),
    timestamp: read(signature.timestampHeader, /^(\d{1,12})$/),
    given: Buffer.from(read(signature.signatureHeader, /^v1,([A-Za-z0-9+/]{43}=)$/), 'base64'),
  };
}

/** What the delivery is known by, when it is signed, and lately. */
function verified(body: Buffer, { id, timestamp, given }: Signed, secret: string, now: number): string {
  // Anybody can sign with an empty key.
  if (!secret) throw new Refusal(503, 'the secret is empty');
  const expected = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest();
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Refusal(401, 'the request is not signed as it must be');
  if (Math.abs(now / 1000 - Number(timestamp)) > WINDOW) throw new Refusal(401, `the request was signed more than ${WINDOW} seconds ago, or ahead of time`);
  return expected.toString('hex');
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
