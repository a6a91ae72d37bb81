import { createHash } from 'node:crypto';
import jsonata from 'jsonata';
import { Credentials, SigV4, TokenRequest } from '../../credentials';
import { filled } from '../credential';
import { HttpError, Incoming, Outgoing } from './http';
import { Keys, keysOf, signed } from './sign';
import { webhookHeaders } from './webhook';

/** What a step asks for: an HTTP Task's arguments, and what an HTTP Task does not take. */
export interface Request {
  readonly ApiEndpoint: string;
  readonly Method: string;
  readonly Headers?: { readonly [name: string]: string };
  readonly RequestBody?: unknown;
  readonly QueryParameters?: { readonly [name: string]: string | string[] };
  /** The longest that an answer may take. */
  readonly Seconds: number;
  /** JSONata over the answer's JSON. */
  readonly Select?: string;
  /** The answer is no text. */
  readonly Binary?: boolean;
  /** What its repeats are known by: without it, equal bodies are repeats. */
  readonly Id?: string;
}

/** What an HTTP Task results in. Headers are left out: a cookie in them would be a credential. */
export interface Answer {
  readonly StatusCode: number;
  readonly StatusText: string;
  readonly ResponseBody: unknown;
}

/** The service, and how it knows its caller: `${CREDENTIAL}` stands for the secret. */
export interface Service {
  readonly url: string;
  readonly credentials: Credentials;
  /** Requests go where the service has said. */
  readonly elsewhere?: boolean;
}

/** What the caller works with. */
export interface Surroundings {
  /** Milliseconds since 1970. */
  now(): number;
  secret(): Promise<string>;
  /** What AWS knows the function by. */
  identity(): Promise<Keys>;
  send(outgoing: Outgoing, milliseconds: number): Promise<Incoming>;
}

/** The most bytes of a result that a state machine takes. */
const LIMIT = 262_144;
/** Milliseconds for which a secret is kept, and a token that does not say when it expires. */
const KEPT = 300_000;
/** Milliseconds before its end at which a token is taken to have expired. */
const EARLY = 30_000;
const SHOWN = 4000;
/** Shorter ones are words that an answer may hold for another reason. */
const TELLING = 8;

/** A value until it expires. */
class Kept {
  private value?: string;
  private until = 0;

  constructor(private readonly now: () => number) {}

  public get isThere(): boolean {
    return this.value !== undefined && this.now() < this.until;
  }

  public async get(fetch: () => Promise<{ value: string; until: number }>): Promise<string> {
    if (!this.isThere) {
      const { value, until } = await fetch();
      this.value = value;
      this.until = until;
    }
    return this.value!;
  }

  public forget(): void {
    this.until = 0;
  }
}

/** Calls one service as somebody whom it knows. What it was known by is kept, and fetched again when it is refused. */
export class Caller {
  private readonly secret = new Kept(() => this.surroundings.now());
  private readonly token = new Kept(() => this.surroundings.now());
  /** What no answer and no message may hold. */
  private confidential: string[] = [];

  constructor(private readonly service: Service, private readonly surroundings: Surroundings) {}

  public async answer(request: Request): Promise<Answer> {
    const deadline = this.surroundings.now() + request.Seconds * 1000;
    const stale = this.secret.isThere || this.token.isThere;
    try {
      return await this.attempt(request, deadline);
    } catch (error) {
      if (!stale || !/(40[17]|AccessDenied)$/.test((error as Error).name)) throw this.hushed(error as Error);
    }
    this.secret.forget();
    this.token.forget();
    try {
      return await this.attempt(request, deadline);
    } catch (error) {
      throw this.hushed(error as Error);
    }
  }

  private async attempt(request: Request, deadline: number): Promise<Answer> {
    const url = this.address(request);
    const { headers = {}, basic, body, signature, webhook } = await this.credentials(deadline);
    const sent = encoded(merged(request.RequestBody, body), false, { ...request.Headers, ...headers });
    const shown = webhook && webhookHeaders(webhook, { id: request.Id ?? digest(sent.body), at: Math.floor(this.surroundings.now() / 1000), body: sent.body ?? '' });
    const incoming = await this.send({ url, method: request.Method, ...sent, headers: { ...sent.headers, ...shown }, basic, signature }, deadline);
    const text = () => this.clean(incoming.content.toString('utf8').slice(0, SHOWN));
    if (incoming.status < 200 || incoming.status >= 300) throw new HttpError(`Http.StatusCode.${incoming.status}`, text());
    return this.result(incoming, request);
  }

  /** Where the request goes: nowhere but to the service, whatever the step has made of the path; or else out, where TLS shows who is there. */
  private address({ ApiEndpoint, QueryParameters = {} }: Request): URL {
    const url = URL.canParse(ApiEndpoint) ? new URL(ApiEndpoint) : undefined;
    if (this.service.elsewhere) return this.outside(url);
    const own = new URL(`${this.service.url}/`);
    if (url?.origin !== own.origin || !url.pathname.startsWith(own.pathname) || url.username || url.password) {
      throw new HttpError('Http.Request', `the address must lie under ${own}, got ${JSON.stringify(ApiEndpoint)}`);
    }
    for (const [name, value] of Object.entries(QueryParameters)) [value].flat().forEach(one => url.searchParams.append(name, one));
    // A form's space, which signatures do not know. A plus of its own is %2B.
    url.search = url.search.replace(/\+/g, '%20');
    return url;
  }

  /** Metadata services and the runtime's own API speak plain http, which is for a service on this machine. What comes after the host may be a credential, and is not shown. */
  private outside(url?: URL): URL {
    const isLocal = (it: URL) => it.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(it.hostname);
    const isOpen = url?.protocol === 'https:' || url && isLocal(url) && isLocal(new URL(this.service.url));
    if (url && isOpen && !url.username && !url.password) return url;
    throw new HttpError('Http.Request', `the address that ${new URL(this.service.url).host} gave must be an https:// URL without credentials, got ${url ? `${url.protocol}//${url.host}` : 'none'}`);
  }

  /** What the request carries. */
  private async credentials(deadline: number): Promise<Credentials> {
    const secret = JSON.stringify(this.service.credentials).includes('${CREDENTIAL}')
      ? await this.secret.get(async () => ({ value: await this.surroundings.secret(), until: this.surroundings.now() + KEPT })) : '';
    const known = filled(this.service.credentials, 'CREDENTIAL', secret);
    const { secretAccessKey = '', sessionToken = '' } = known.signature ? await this.keys(known.signature) : {};
    this.confidential = [secret, secretAccessKey, sessionToken, ...[known, known.token].flatMap(it => it?.basic ? [base64(it.basic)] : [])];
    const { token: asked } = known;
    if (!asked) return known;
    const token = await this.token.get(() => this.exchange(asked, deadline));
    this.confidential.push(token);
    return filled(known, 'token', token);
  }

  private keys(signature: SigV4): Promise<Keys> {
    return keysOf(signature, () => this.surroundings.identity());
  }

  private async exchange({ url, form = false, headers = {}, basic, body, field }: TokenRequest, deadline: number): Promise<{ value: string; until: number }> {
    const incoming = await this.send({ url: new URL(url), method: 'POST', ...encoded(body, form, headers), basic }, deadline);
    // What it answered is not repeated: some services show what they were sent.
    const refused = (why: string) => new HttpError(incoming.status === 429 || incoming.status >= 500 ? `Http.StatusCode.${incoming.status}` : 'Http.AccessDenied', `${url} gave no token: ${why}`);
    if (incoming.status < 200 || incoming.status >= 300) throw refused(`it answered ${incoming.status}`);
    const answer = json(incoming.content.toString('utf8'));
    const value = field.split('.').reduce(at, answer);
    if (typeof value !== 'string' || !/^[ -~]+$/.test(value)) throw refused(`its answer has no '${field}'`);
    const seconds = Number(at(answer, 'expires_in'));
    return { value, until: this.surroundings.now() + (seconds > 0 ? seconds * 1000 - EARLY : KEPT) };
  }

  private async send(to: Outgoing & Pick<Credentials, 'basic' | 'signature'>, deadline: number): Promise<Incoming> {
    const { basic, signature, ...outgoing } = to;
    const headers: { [name: string]: string } = { 'Accept': '*/*', 'User-Agent': 'cdk-mlops', ...outgoing.headers, ...basic !== undefined && { Authorization: `Basic ${base64(basic)}` } };
    const bad = Object.keys(headers).find(name => /[^\t -~]/.test(headers[name]));
    if (bad) throw new HttpError('Http.AccessDenied', `the header '${bad}' cannot hold the secret, which has a line break or a character that is not ASCII`);
    const all = signature ? await signed({ ...outgoing, headers }, signature, await this.keys(signature)) : headers;
    return this.surroundings.send({ ...outgoing, headers: all }, Math.max(1, deadline - this.surroundings.now()));
  }

  private async result({ status, reason, type, content }: Incoming, { Select, Binary }: Request): Promise<Answer> {
    const read = Binary ? content.toString('base64') : body(content, type);
    const result = { StatusCode: status, StatusText: reason, ResponseBody: Select === undefined ? read : await selected(read, Select) };
    const text = this.clean(JSON.stringify(result));
    const length = Buffer.byteLength(text);
    if (length > LIMIT) throw new HttpError('Http.Answer', `the answer has ${length} bytes, a step takes ${LIMIT} at most: ask for less, or 'select' a part of it`);
    return JSON.parse(text);
  }

  /** `error` without what is confidential. */
  private hushed({ name, message }: Error): HttpError {
    return new HttpError(name, this.clean(message));
  }

  private clean(text: string): string {
    const words = this.confidential.filter(word => word.length >= TELLING);
    return words.flatMap(word => [word, JSON.stringify(word).slice(1, -1)]).reduce((rest, word) => rest.replaceAll(word, '***'), text);
  }
}

function encoded(body: unknown, form: boolean, headers: { [name: string]: string }): Pick<Outgoing, 'body' | 'headers'> {
  if (body === undefined) return { headers };
  const [type, text] = form
    ? ['application/x-www-form-urlencoded', new URLSearchParams(body as { [field: string]: string }).toString()] : ['application/json', typeof body === 'string' ? body : JSON.stringify(body)];
  return { body: text, headers: { 'Content-Type': type, ...headers } };
}

/** A credential in the body needs a body of fields, as a Connection's does. */
function merged(body: unknown, more?: { [field: string]: unknown }): unknown {
  if (!more) return body;
  if (body !== undefined && (typeof body !== 'object' || body === null || Array.isArray(body))) throw new HttpError('Http.Request', 'a credential in the body needs a body that is a JSON object');
  return { ...body, ...more };
}

/** JSON or text, as the answer says that it is. */
function body(content: Buffer, type: string): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    return /json/.test(type) ? json(text) ?? text : text;
  } catch {
    throw new HttpError('Http.Answer', `the answer is no text but '${type}': ask for it with 'binary'`);
  }
}

async function selected(read: unknown, select: string): Promise<unknown> {
  try {
    return await jsonata(select).evaluate(read);
  } catch (error) {
    throw new HttpError('Http.Answer', `the answer is not one that 'select' can be applied to: ${(error as Error).message}`);
  }
}

/** A field of what may be an object. */
function at(value: unknown, field: string): unknown {
  return Object(value)[field];
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function digest(text: string = ''): string {
  return createHash('sha256').update(text).digest('hex');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
