import { createHmac } from 'crypto';
import { Claim, LIMIT, receive, Request, Surroundings } from '../../constructs/webhook-ingress/handlers/webhook/receive';
import { Signature, WINDOW } from '../../constructs/webhook-ingress/handlers/webhook/signatures';

const SIGNATURE: Signature = { form: 'standard', headers: { signatureHeader: 'X-Acme-Signature', idHeader: 'X-Acme-Id', timestampHeader: 'X-Acme-Timestamp' }, prefix: '', encodedKey: false };
const SECRET = 'a secret of the vendor';
const NOW = 1_800_000_000;
const ID = '0b5d4f7e-5d0c-4a56-9d2e-1f6a1f0d9c11';
const BODY = '{"entity": "model_version_tag", "data": {"value": "Approved",  "note": "größer"}}';

interface Sent {
  readonly id?: string;
  readonly timestamp?: string;
  readonly body?: string | Buffer;
  readonly secret?: string;
}

const sign = ({ id = ID, timestamp = `${NOW}`, body = BODY, secret = SECRET }: Sent = {}) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;

/** What a vendor sends, as API Gateway hands it over. */
function request(sent: Sent = {}, headers: { [name: string]: string | undefined } = {}): Request {
  const { id = ID, timestamp = `${NOW}`, body = BODY } = sent;
  return { headers: { 'content-type': 'application/json', 'x-acme-id': id, 'x-acme-timestamp': timestamp, 'x-acme-signature': sign(sent), ...headers }, body: body.toString() };
}

/** An ingress with a memory, and a bus that shows what reached it. */
function ingress(more: { secret?: string; put?: () => Promise<void>; now?: number; signature?: Signature } = {}) {
  const bus: string[] = [];
  const deliveries = new Map<string, Claim>();
  const surroundings = {
    now: () => (more.now ?? NOW) * 1000,
    secret: async () => more.secret ?? SECRET,
    claim: async (delivery: string) => {
      const before = deliveries.get(delivery);
      if (!before) deliveries.set(delivery, 'busy');
      return before ?? 'ours';
    },
    settle: async (delivery: string) => { deliveries.set(delivery, 'done'); },
    release: async (delivery: string) => { deliveries.delete(delivery); },
    put: async (body: string) => {
      await more.put?.();
      bus.push(body);
    },
  };
  return { bus, deliveries, post: async (it: Request) => (await receive(it, more.signature ?? SIGNATURE, surroundings)).statusCode };
}

beforeEach(() => { jest.spyOn(console, 'warn').mockImplementation(); });
afterEach(() => jest.restoreAllMocks());

describe('what is signed', () => {
  test('reaches the bus unchanged', async () => {
    const { bus, post } = ingress();

    expect(await post(request())).toBe(202);
    expect(bus).toEqual([BODY]);
  });

  test('reaches it in base64 too, whatever the case of the headers', async () => {
    const { bus, post } = ingress();
    const { 'x-acme-id': id, 'x-acme-timestamp': timestamp, 'x-acme-signature': signature } = request().headers!;

    expect(await post({ headers: { 'X-ACME-ID': id, 'X-Acme-Timestamp': timestamp, 'x-acme-Signature': signature }, body: Buffer.from(BODY).toString('base64'), isBase64Encoded: true })).toBe(202);
    expect(bus).toEqual([BODY]);
  });

  test.each([['the first', [SECRET, 'the next secret']], ['the second', ['the next secret', SECRET]]])('reaches it by %s of two signatures, while the secret is rotated', async (_which, secrets) => {
    const { bus, post } = ingress();

    expect(await post(request({}, { 'x-acme-signature': ['v1a,bm90IG91cnM=', ...secrets.map(secret => sign({ secret }))].join(' ') }))).toBe(202);
    expect(bus).toEqual([BODY]);
  });

  test('reaches it once', async () => {
    const { bus, post } = ingress();

    expect([await post(request()), await post(request()), await post(request())]).toEqual([202, 200, 200]);
    expect(bus).toEqual([BODY]);
  });

  test('of two attempts at the same time, one goes through and one is told to come back', async () => {
    const { bus, post } = ingress();

    expect((await Promise.all([post(request()), post(request())])).sort()).toEqual([202, 503]);
    expect(bus).toEqual([BODY]);
  });

  test('may come again when the bus refused it', async () => {
    const answers = [Promise.reject(new Error('throttled')), Promise.resolve()];
    const { bus, post } = ingress({ put: () => answers.shift()! });

    expect([await post(request()), await post(request())]).toEqual([503, 202]);
    expect(bus).toEqual([BODY]);
  });

  test.each([WINDOW, -WINDOW])('may be %d seconds from our clock', async seconds => {
    expect(await ingress({ now: NOW + seconds }).post(request())).toBe(202);
  });

  test('may be as large as an event, and no larger', async () => {
    const body = (length: number) => `{"x":"${'x'.repeat(length - 8)}"}`;
    const { bus, post } = ingress();

    const encoded = (text: string): Request => ({ ...request({ id: 'encoded', body: text }), body: Buffer.from(text).toString('base64'), isBase64Encoded: true });

    expect([await post(request({ body: body(LIMIT) })), await post(request({ body: body(LIMIT + 1) }))]).toEqual([202, 413]);
    expect([await post(encoded(body(LIMIT))), await post(encoded(body(LIMIT + 1)))]).toEqual([202, 413]);
    expect(bus).toHaveLength(2);
  });
});

const { 'x-acme-signature': signature } = request().headers as { [name: string]: string };

describe('nothing else reaches the bus', () => {
  test.each<[string, Request, number]>([
    ['no headers', { body: BODY }, 401],
    ['no signature', request({}, { 'x-acme-signature': undefined }), 401],
    ['an empty signature', request({}, { 'x-acme-signature': '' }), 401],
    ['no id', request({}, { 'x-acme-id': undefined }), 401],
    ['no timestamp', request({}, { 'x-acme-timestamp': undefined }), 401],
    ['a signature by another secret', request({ secret: 'another' }), 401],
    ['a signature by an empty secret', request({}, { 'x-acme-signature': sign({ secret: '' }) }), 401],
    ['a signature of another body', { ...request(), body: BODY.replace('Approved', 'Rejected') }, 401],
    ['a signature of another id', request({}, { 'x-acme-id': 'another' }), 401],
    ['a signature of another time', request({}, { 'x-acme-timestamp': `${NOW + 1}` }), 401],
    ['a signature of the body alone', request({}, { 'x-acme-signature': `v1,${createHmac('sha256', SECRET).update(BODY).digest('base64')}` }), 401],
    ['a signature without its version', request({}, { 'x-acme-signature': signature.slice(3) }), 401],
    ['a signature of another version', request({}, { 'x-acme-signature': signature.replace('v1', 'v2') }), 401],
    ['a signature that is cut', request({}, { 'x-acme-signature': signature.slice(0, -2) }), 401],
    ['a signature with more behind it', request({}, { 'x-acme-signature': `${signature}x` }), 401],
    ['two signatures that are wrong', request({}, { 'x-acme-signature': `${sign({ secret: 'another' })} ${sign({ secret: '' })}` }), 401],
    ['a right one of an unknown version beside a wrong one', request({}, { 'x-acme-signature': `${signature.replace('v1', 'v1a')} v1,${'A'.repeat(43)}=` }), 401],
    ['two headers, which come in joined by a comma, of which one is right', request({}, { 'x-acme-signature': `${signature},v1,${'A'.repeat(43)}=` }), 401],
    ['two headers that differ in case', request({}, { 'X-Acme-Signature': signature }), 401],
    ['a signature in hexadecimal', request({}, { 'x-acme-signature': `v1,${createHmac('sha256', SECRET).update(`${ID}.${NOW}.${BODY}`).digest('hex')}` }), 401],
    ['a signature with more before it', request({}, { 'x-acme-signature': `x${signature}` }), 401],
    ['an id with more before it than was signed', request({}, { 'x-acme-id': `!${ID}` }), 401],
    ['an id with more behind it than was signed', request({}, { 'x-acme-id': `${ID}!` }), 401],
    ['a time with more before it than was signed', request({}, { 'x-acme-timestamp': `+${NOW}` }), 401],
    ['a time with more behind it than was signed', request({}, { 'x-acme-timestamp': `${NOW}.0` }), 401],
    ['a time long ago', request({ timestamp: `${NOW - WINDOW - 1}` }), 401],
    ['a time ahead', request({ timestamp: `${NOW + WINDOW + 1}` }), 401],
    ['a time in milliseconds', request({ timestamp: `${NOW}000` }), 401],
    ['a time that is no number', request({ timestamp: 'NaN' }), 401],
    ['a time below zero', request({ timestamp: `-${NOW}` }), 401],
    ['a time in exponents', request({ timestamp: '18e8' }), 401],
    ['an id with a dot, so that parts can shift', request({ id: 'a.b' }), 401],
    ['an id that is a path', request({ id: '../x' }), 401],
    ['an id that is too long', request({ id: 'x'.repeat(129) }), 401],
    ['the part before a dot moved into the id', { ...request({}, { 'x-acme-id': `${ID}.${NOW}`, 'x-acme-timestamp': '' }) }, 401],
    ['no body', { ...request({ body: '' }), body: undefined }, 400],
    ['a body that is no JSON', request({ body: 'value=Approved' }), 400],
    ['a body that is cut', request({ body: BODY.slice(0, -1) }), 400],
    ['a body behind a mark of the byte order', request({ body: `\ufeff${BODY}` }), 400],
    ['characters of more bytes than an event holds', request({ body: `{"x":"${'ü'.repeat(LIMIT / 2)}"}` }), 413],
    ['a list', request({ body: '[{}]' }), 400],
    ['null', request({ body: 'null' }), 400],
    ['a text', request({ body: '"x"' }), 400],
    ['bytes that are no UTF-8', { ...request({ body: Buffer.from('{"x":"\xff"}', 'latin1') }), body: Buffer.from('{"x":"\xff"}', 'latin1').toString('base64'), isBase64Encoded: true }, 400],
    ['a body said to be base64 that is not', { ...request(), isBase64Encoded: true }, 401],
    ['a body in base64 that is not said to be', { ...request(), body: Buffer.from(BODY).toString('base64') }, 401],
    ['megabytes that are not signed', { ...request(), body: 'x'.repeat(5_000_000) }, 413],
    ['megabytes in base64', { ...request(), body: Buffer.alloc(5_000_000).toString('base64'), isBase64Encoded: true }, 413],
  ])('%s', async (_what, sent, statusCode) => {
    const { bus, deliveries, post } = ingress();

    expect(await post(sent)).toBe(statusCode);
    expect([bus, deliveries.size]).toEqual([[], 0]);
  });

  test('a replay after the window', async () => {
    const { bus, post } = ingress({ now: NOW + WINDOW + 1 });

    expect(await post(request())).toBe(401);
    expect(bus).toEqual([]);
  });

  test('anything, while the secret is empty', async () => {
    const { bus, post } = ingress({ secret: '' });

    expect(await post(request({}, { 'x-acme-signature': `v1,${createHmac('sha256', '').update(`${ID}.${NOW}.${BODY}`).digest('base64')}` }))).toBe(503);
    expect(bus).toEqual([]);
  });
});

/** Takes whatever is signed. */
const taking: Surroundings = { now: () => NOW * 1000, secret: async () => SECRET, claim: async () => 'ours', settle: async () => undefined, release: async () => undefined, put: async () => undefined };

test.each<[string, Partial<Surroundings>, Request, number, string]>([
  ['is new', {}, request(), 202, 'accepted'],
  ['was passed on before', { claim: async () => 'done' }, request(), 200, 'known already'],
  ['another attempt is at', { claim: async () => 'busy' }, request(), 503, 'try again later'],
  ['the bus does not take', { put: async () => { throw new Error('a name of ours'); } }, request(), 503, 'try again later'],
  ['nobody can verify', { secret: async () => '' }, request(), 503, 'try again later'],
  ['is too large', {}, { ...request(), body: 'x'.repeat(LIMIT + 1) }, 413, 'the body must have at most 200000 bytes'],
  ['has too many bytes', {}, { ...request(), body: 'ü'.repeat(LIMIT) }, 413, 'the body must have at most 200000 bytes'],
  ['is no object', {}, request({ body: '[]' }), 400, 'the body must be a JSON object'],
  ['is old', {}, request({ timestamp: `${NOW - WINDOW - 1}` }), 401, 'the request was signed more than 300 seconds ago, or ahead of time'],
  ['is not signed', {}, request({ secret: 'another' }), 401, 'the request is not signed as it must be'],
])('a vendor whose delivery %s is told so', async (_which, more, sent, statusCode, message) => {
  expect(await receive(sent, SIGNATURE, { ...taking, ...more })).toEqual({ statusCode, body: JSON.stringify({ message }) });
});

test.each<[Partial<Surroundings>, string]>([
  [{ claim: async () => 'busy' }, 'another attempt is at this delivery'], [{ secret: async () => '' }, 'the secret is empty'], [{ put: async () => { throw new Error('throttled'); } }, 'throttled'],
])('the log says why the vendor has to come again', async (more, refused) => {
  await receive(request(), SIGNATURE, { ...taking, ...more });

  expect((console.warn as jest.Mock).mock.calls).toEqual([[JSON.stringify({ refused, statusCode: 503 })]]);
});

test('a refusal says neither what was expected nor what came', async () => {
  const answer = await receive(request({ secret: 'another' }), SIGNATURE, { ...ingressOf(), secret: async () => SECRET });
  const said = answer.body + JSON.stringify((console.warn as jest.Mock).mock.calls);

  expect(answer.body).toBe('{"message":"the request is not signed as it must be"}');
  for (const part of [SECRET, 'another', sign(), sign({ secret: 'another' })]) expect(said).not.toContain(part);
});

function ingressOf() {
  const never = async () => { throw new Error('nothing that is not signed comes this far'); };
  return { now: () => NOW * 1000, claim: never, settle: never, release: never, put: never };
}

test('a repeat that is signed anew is the same delivery', async () => {
  const { bus, post } = ingress();

  expect([await post(request()), await post(request({ timestamp: `${NOW + 60}` })), await post(request({ id: 'another' }))]).toEqual([202, 200, 202]);
  expect(bus).toEqual([BODY, BODY]);
});

test.each([[true, 202, 401], [false, 401, 202]])('a secret that holds its key in base64: %s', async (encodedKey, byKey, byText) => {
  const secret = `whsec_${Buffer.from(SECRET).toString('base64')}`;
  const { post } = ingress({ secret, signature: { ...SIGNATURE, encodedKey } });

  expect([await post(request()), await post(request({ secret }))]).toEqual([byKey, byText]);
});

test('a secret that says it holds a key, and does not, verifies nothing', async () => {
  const { post } = ingress({ secret: 'whsec_', signature: { ...SIGNATURE, encodedKey: true } });

  expect(await post(request({ secret: '' }))).toBe(503);
});

describe('a signature of the body alone', () => {
  const signature: Signature = { form: 'hmac', headers: { header: 'X-Acme-Signature-256' }, prefix: 'sha256=', encodedKey: false };
  const hex = (body: string, secret = SECRET) => createHmac('sha256', secret).update(body).digest('hex');
  const sent = (value?: string, body = BODY): Request => ({ headers: { 'x-acme-signature-256': value }, body });

  test('is taken once', async () => {
    const { bus, post } = ingress({ signature });

    expect([await post(sent(`sha256=${hex(BODY)}`)), await post(sent(`sha256=${hex(BODY)}`))]).toEqual([202, 200]);
    expect(bus).toEqual([BODY]);
  });

  test('is taken in base64 too, as the same', async () => {
    const { bus, post } = ingress({ signature });
    const base64 = Buffer.from(hex(BODY), 'hex').toString('base64');

    expect([await post(sent(`sha256=${base64}`)), await post(sent(`sha256=${hex(BODY)}`)), await post(sent(`sha256=${base64.replace('=', '')}`)), await post(sent(`sha256=${base64}`, '{}'))]).toEqual([202, 200, 401, 401]);
    expect(bus).toEqual([BODY]);
  });

  test.each<[string, Request, number, string?]>([
    ['no signature', sent(), 401],
    ['no prefix', sent(hex(BODY)), 401],
    ['another prefix', sent(`sha1=${hex(BODY)}`), 401],
    ['another secret', sent(`sha256=${hex(BODY, 'another')}`), 401],
    ['another body', sent(`sha256=${hex(BODY)}`, BODY.replace('Approved', 'Rejected')), 401],
    ['in capitals', sent(`sha256=${hex(BODY).toUpperCase()}`), 401],
    ['that is cut', sent(`sha256=${hex(BODY).slice(0, -2)}`), 401],
    ['with more behind it', sent(`sha256=${hex(BODY)}00`), 401],
    ['two, of which one is right', sent(`sha256=${hex(BODY)},sha256=${hex(BODY)}`), 401],
    ['in two headers that differ in case', { headers: { ...sent(`sha256=${hex(BODY)}`).headers, 'X-ACME-Signature-256': 'x' }, body: BODY }, 401],
    ['by an empty secret', sent(`sha256=${hex(BODY, '')}`), 503, ''],
  ])('%s', async (_what, request, statusCode, ...secret) => {
    const { bus, deliveries, post } = ingress({ signature, secret: secret[0] });

    expect(await post(request)).toBe(statusCode);
    expect([bus, deliveries.size]).toEqual([[], 0]);
  });
});

describe('a token', () => {
  const signature: Signature = { form: 'token', headers: { header: 'Authorization' }, prefix: 'Bearer ', encodedKey: false };
  const sent = (authorization?: string, body = BODY): Request => ({ headers: { authorization }, body });

  test('is taken, an equal body once', async () => {
    const { bus, post } = ingress({ signature });

    expect([await post(sent(`Bearer ${SECRET}`)), await post(sent(`Bearer ${SECRET}`)), await post(sent(`Bearer ${SECRET}`, '{}'))]).toEqual([202, 200, 202]);
    expect(bus).toEqual([BODY, '{}']);
  });

  test.each<[string, Request, number, string?]>([
    ['none', sent(), 401],
    ['empty', sent(''), 401],
    ['the prefix alone', sent('Bearer '), 401],
    ['without the prefix', sent(SECRET), 401],
    ['behind another prefix of this length', sent(`Basic: ${SECRET}`), 401],
    ['another', sent('Bearer another'), 401],
    ['a part of it', sent(`Bearer ${SECRET.slice(0, -1)}`), 401],
    ['more than it', sent(`Bearer ${SECRET} `), 401],
    ['twice', sent(`Bearer ${SECRET},Bearer ${SECRET}`), 401],
    ['in two headers that differ in case', { headers: { authorization: `Bearer ${SECRET}`, Authorization: `Bearer ${SECRET}` }, body: BODY }, 401],
    ['nothing, while the secret is empty', sent('Bearer '), 503, ''],
    ['right, with a list', sent(`Bearer ${SECRET}`, '[]'), 400],
  ])('%s', async (_what, request, statusCode, ...secret) => {
    const { bus, deliveries, post } = ingress({ signature, secret: secret[0] });

    expect(await post(request)).toBe(statusCode);
    expect([bus, deliveries.size]).toEqual([[], 0]);
  });
});
