import * as http from 'node:http';
import * as https from 'node:https';

/** What goes out. */
export interface Outgoing {
  readonly url: URL;
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
}

/** What comes back. */
export interface Incoming {
  readonly status: number;
  readonly reason: string;
  readonly type: string;
  readonly content: Buffer;
}

/** How a request ends that is not answered as it should be: under the names of an HTTP Task's errors, less `States.`. */
export class HttpError extends Error {
  constructor(public override readonly name: string, message: string) {
    super(message);
    // It would stand in the execution's history.
    this.stack = '';
  }
}

/** The most bytes of an answer that are read. */
export const MOST = 20_000_000;

/** Makes one request, whose whole answer is in within `milliseconds`. A redirection is an answer: nobody else gets the credential. */
export function send({ url, method, headers, body }: Outgoing, milliseconds: number): Promise<Incoming> {
  return new Promise((resolve, reject) => {
    const fail = (name: string, message: string) => {
      clearTimeout(timer);
      outgoing.destroy();
      reject(new HttpError(name, `${url.origin} ${message}`));
    };
    const { request } = url.protocol === 'https:' ? https : http;
    const outgoing = request(url, { method, headers: { ...headers, ...body !== undefined && { 'Content-Length': `${Buffer.byteLength(body)}` } } }, incoming => {
      const chunks: Buffer[] = [];
      let length = 0;
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > MOST) fail('Http.Answer', `answered more than ${MOST} bytes`);
      });
      incoming.on('error', ({ message }) => fail('Http.Socket', `broke off its answer (${message})`));
      incoming.on('end', () => {
        clearTimeout(timer);
        resolve({ status: incoming.statusCode!, reason: incoming.statusMessage ?? '', type: incoming.headers['content-type'] ?? '', content: Buffer.concat(chunks) });
      });
    });
    const timer = setTimeout(() => fail('Http.Socket', `did not answer within ${milliseconds / 1000} s`), milliseconds);
    outgoing.on('error', ({ message }) => fail('Http.Socket', `is not reachable (${message})`));
    outgoing.end(body);
  });
}
