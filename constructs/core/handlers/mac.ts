import { createHmac } from 'node:crypto';

const ENCODED = 'whsec_';

/** The key that `secret` is, or that it holds in base64 as Standard Webhooks has it. */
export function keyOf(secret: string, encoded: boolean): Buffer {
  return encoded && secret.startsWith(ENCODED) ? Buffer.from(secret.slice(ENCODED.length), 'base64') : Buffer.from(secret);
}

/** What `<id>.<timestamp>.<body>` is signed with, as Standard Webhooks has it. */
export function standardMac(key: Buffer, id: string, timestamp: string, body: string | Buffer): Buffer {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}

/** What a body is signed with. */
export function bodyMac(key: Buffer, body: string | Buffer): Buffer {
  return createHmac('sha256', key).update(body).digest();
}
