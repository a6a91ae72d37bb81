import { App, Aws, Lazy, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Auth, ExternalEndpoint } from '../../constructs/core';
import { secret } from './components';

const stack = new Stack(new App(), 'test');
const held = secret(stack);
const any = (value: unknown) => value as any;

/** Why `make` is refused, or nothing. */
function refusal(make: () => unknown): string | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('credentials', () => {
  test.each<[string, () => Auth, object]>([
    ['bearer', () => Auth.bearer(held), { scheme: 'bearer', credential: { secret: held }, username: undefined }],
    ['bearer of a field', () => Auth.bearer(held, 'a.b-c/d+e=f@g_1'), { scheme: 'bearer', credential: { secret: held, field: 'a.b-c/d+e=f@g_1' } }],
    ['basic', () => Auth.basic(' Ünal Ö ', held, 'f'), { scheme: 'basic', credential: { secret: held, field: 'f' }, username: ' Ünal Ö ' }],
    ['header', () => Auth.header('h_1-H', held, 'f', 'x'.repeat(100)), { scheme: 'header', credential: { secret: held, field: 'f' } }],
    ['body', () => Auth.body('h_1-H', held, 'f'), { scheme: 'body', credential: { secret: held, field: 'f' } }],
    ['what only the deployment knows', () => Auth.basic(Aws.REGION, held, Aws.REGION), { username: Aws.REGION, credential: { secret: held, field: Aws.REGION } }],
  ])('%s knows its secret', (_form, make, expected) => {
    expect(make()).toMatchObject(expected);
  });

  const NAME = "'name' must be a header's name of letters, digits, - and _, got";
  const KEY = "'name' must be a field's name of letters, digits, - and _, got";
  const FIELD = "'field' must be a field of the secret's JSON, of letters, digits and _ . - / + = @, got";
  const USER = "'username' must be 1 to 512 characters without ':', got";
  const PREFIX = "'prefix' must be at most 100 characters of ASCII, got";
  const SECRET = 'must be a secret (secretsmanager.ISecret), got';

  test.each<[string | undefined, () => Auth]>([
    [`'token' ${SECRET} undefined`, () => Auth.bearer(any(undefined))], [`'token' ${SECRET} 'hunter'`, () => Auth.bearer(any('hunter'))], [`'password' ${SECRET} undefined`, () => Auth.basic('u', any(undefined))],
    [`'secret' ${SECRET} undefined`, () => Auth.header('h', any(undefined))], [`'secret' ${SECRET} undefined`, () => Auth.body('b', any(undefined))],
    [`'token' ${SECRET} {"secretArn":"a"}`, () => Auth.bearer(any({ secretArn: 'a' }))], [`'token' ${SECRET} {"secretValueFromJson":1}`, () => Auth.bearer(any({ secretValueFromJson: 1 }))],
    [`${FIELD} ''`, () => Auth.bearer(held, '')], [`${FIELD} 'a:b'`, () => Auth.bearer(held, 'a:b')], [`${FIELD} ':ab'`, () => Auth.header('h', held, ':ab')], [`${FIELD} 'a b'`, () => Auth.basic('u', held, 'a b')],
    [`${FIELD} 'ab}'`, () => Auth.body('b', held, 'ab}')], [`${FIELD} '${'x'.repeat(200)}...'`, () => Auth.bearer(held, 'x'.repeat(257))], [undefined, () => Auth.bearer(held, 'x'.repeat(256))],
    [`${USER} undefined`, () => Auth.basic(any(undefined), held)], [`${USER} ' '`, () => Auth.basic(' ', held)], [`${USER} 'a\\u{a}b'`, () => Auth.basic('a\nb', held)], [`${USER} 'a\\u{a}'`, () => Auth.basic('a\n', held)],
    [`${USER} ':a'`, () => Auth.basic(':a', held)], [`${USER} 'a:'`, () => Auth.basic('a:', held)], [`${USER} '${'x'.repeat(200)}...'`, () => Auth.basic('x'.repeat(513), held)],
    [undefined, () => Auth.basic('x'.repeat(512), held)], [undefined, () => Auth.basic('  a', held)],
    [`${NAME} undefined`, () => Auth.header(any(undefined), held)], [`${NAME} ''`, () => Auth.header('', held)], [`${NAME} ' a'`, () => Auth.header(' a', held)], [`${NAME} 'a:'`, () => Auth.header('a:', held)],
    [`${NAME} '${'x'.repeat(200)}...'`, () => Auth.header('x'.repeat(513), held)], [undefined, () => Auth.header('x'.repeat(512), held)],
    [`${KEY} undefined`, () => Auth.body(any(undefined), held)], [`${KEY} ' a'`, () => Auth.body(' a', held)], [`${KEY} 'a:'`, () => Auth.body('a:', held)], [undefined, () => Auth.body('x'.repeat(512), held)],
    [`${PREFIX} 'é'`, () => Auth.header('h', held, undefined, 'é')], [`${PREFIX} 'aé'`, () => Auth.header('h', held, undefined, 'aé')], [`${PREFIX} 'éa'`, () => Auth.header('h', held, undefined, 'éa')],
    [`${PREFIX} '${'x'.repeat(101)}'`, () => Auth.header('h', held, undefined, 'x'.repeat(101))], [`${PREFIX} null`, () => Auth.header('h', held, undefined, any(null))],
  ])('%s', (line, make) => {
    expect(refusal(make)).toBe(line);
  });
});

describe('an address', () => {
  const URL_LINE = "'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got";

  test.each([
    'http://127.10.200.255', 'http://127.0.0.1:80/a', 'https://[::1]:8443', "https://acme.dev/a_.~!&'()+,;=:@%20/-", 'http://localhost/', 'https://a-b.c',
  ])('%s is taken', url => {
    expect(refusal(() => new ExternalEndpoint(url, Auth.none()))).toBeUndefined();
  });

  test('that only the deployment knows is taken, and ends in no /', () => {
    const url = Lazy.string({ produce: () => 'https://acme.dev' });

    expect(new ExternalEndpoint(url, Auth.none()).url).toBe(url);
    expect(new ExternalEndpoint('https://acme.dev/a///', Auth.none()).url).toBe('https://acme.dev/a');
  });

  test('has at most 1024 characters', () => {
    const url = `https://acme.dev/${'x'.repeat(1007)}`;

    expect(refusal(() => new ExternalEndpoint(url, Auth.none()))).toBeUndefined();
    expect(refusal(() => new ExternalEndpoint(`${url}x`, Auth.none()))).toBe(`${URL_LINE} '${url.slice(0, 200)}...': at most 1024 characters`);
  });

  test.each([
    'http://127.0.0', 'http://127.0.0.x', 'http://127.0.0.', 'http://127..0.1', 'http://127.0..1', 'http://localhost:x', 'https://acme.dev\\a', 'https://acme.dev/"', 'https://acme.dev/*', 'https://acme.dev/?', 'https://*.acme.dev',
    'https://acme.dev:99999', 'https://[::1', 'https://:', 'HTTPS://acme.dev', 'xhttps://acme.dev', 'http://[::2]', 'https://münchen.de', 'http://127.0.0.1x', '//acme.dev',
  ])("'%s' is refused", url => {
    expect(refusal(() => new ExternalEndpoint(url, Auth.none()))).toBe(`${URL_LINE} '${url}'`);
  });

  test('that is none is refused, and so is what is no auth', () => {
    expect(refusal(() => new ExternalEndpoint(any(undefined), Auth.none()))).toBe(`${URL_LINE} undefined`);
    expect(refusal(() => new ExternalEndpoint(any(['https://acme.dev']), Auth.none()))).toBe(`${URL_LINE} ["https://acme.dev"]`);
    expect(refusal(() => new ExternalEndpoint('https://acme.dev', any(undefined)))).toBe("'auth' must be an Auth, got undefined");
    expect(refusal(() => new ExternalEndpoint('https://acme.dev', any('token')))).toBe("'auth' must be an Auth, got 'token'");
    expect(refusal(() => new ExternalEndpoint('https://acme.dev', any({ scheme: 'none' })))).toBe("'auth' must be an Auth, got {\"scheme\":\"none\"}");
    expect(refusal(() => new ExternalEndpoint('https://acme.dev', any({ authorization: 1 })))).toBe("'auth' must be an Auth, got {\"authorization\":1}");
  });
});

describe('a request', () => {
  const owner = new Construct(stack, 'Owner');
  const endpoint = new ExternalEndpoint('https://acme.dev', Auth.none());
  const PATH = "'path' must be a path from the '/' on, or JSONata, got";
  const METHOD = "'method' must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, got";

  test.each<[string | undefined, any]>([
    [undefined, { path: '/' }], [undefined, { path: '{% $x %}' }], [undefined, { path: '/', body: { a: ['{% 1 %}'] }, query: { a: '' } }],
    [`${PATH} undefined`, {}], [`${PATH} ''`, { path: '' }], [`${PATH} 'a/b'`, { path: 'a/b' }], [`${PATH} 'a{%'`, { path: 'a{%' }],
    [`${METHOD} 'TRACE': did you mean 'PATCH'?`, { path: '/', method: 'TRACE' }], [`${METHOD} '': did you mean 'GET'?`, { path: '/', method: '' }], [`${METHOD} 1`, { path: '/', method: 1 }],
    ["'query' must be a mapping, got 'a=b'", { path: '/', query: 'a=b' }], ["'query.a' must be a text, got 1", { path: '/', query: { a: 1 } }], ["'body' must be JSON, got a Map", { path: '/', body: new Map() }],
    [undefined, { path: '/', headers: { 'Idempotency-Key': '{% $key %}', 'x-a_1': '', 'Accept': 'text/csv' } }], ["'headers' must be a mapping, got 'a: b'", { path: '/', headers: 'a: b' }],
    ["'headers.a' must be a text of ASCII, or JSONata, got 'ü'", { path: '/', headers: { a: 'ü' } }], ["'headers.a' must be a text of ASCII, or JSONata, got 'x\\u{a}'", { path: '/', headers: { a: 'x\n' } }],
    ...['a b', 'ü', '', 'Host', 'AUTHORIZATION', 'x-amz-date', 'X-Forwarded-For', 'x-amzn-trace-id', 'Range', 'te'].map((name): [string, any] => [
      `'headers.${name}' must be the name of a header, of letters, digits, - and _, that Step Functions does not set itself, got '${name}'`, { path: '/', headers: { [name]: 'x' } },
    ]),
    ...['hosts', 'x-host', 'tea', 'x-amzb', 'x-amz'].map((name): [undefined, any] => [undefined, { path: '/', headers: { [name]: 'x' } }]),
    ["'props' must be an object of properties, got undefined", undefined],
  ])('%s', (line, options) => {
    expect(refusal(() => endpoint.request(owner, 'answer', options))).toBe(line);
  });

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('by %s', method => {
    expect(endpoint.request(owner, 'answer', { path: '/', method }).arguments.Method).toBe(method);
  });
});

describe('an upload', () => {
  const owner = new Construct(stack, 'Uploader');
  const endpoint = new ExternalEndpoint('https://acme.dev', Auth.none());
  const ADDRESS = "'address' must be an https:// URL, or JSONata, got";

  test.each<[string | undefined, any]>([
    [undefined, { address: 'https://storage.dev/a?b', content: '' }], [undefined, { address: '{% $told.url %}', content: '{% $text %}', headers: '{% $told.headers %}' }],
    [`${ADDRESS} undefined`, { content: 'x' }], [`${ADDRESS} 'http://storage.dev'`, { address: 'http://storage.dev', content: 'x' }],
    ["'content' must be a text, got 1", { address: '{% $url %}', content: 1 }], ["'headers' must be JSON, got a Map", { address: '{% $url %}', content: 'x', headers: new Map() }],
    ["'props' must be an object of properties, got undefined", undefined],
  ])('%s', (line, options) => {
    expect(refusal(() => endpoint.upload(owner, 'put', options))).toBe(line);
  });

  test("takes its owner's one function", () => {
    const [first, second] = ['first', 'second'].map(name => endpoint.upload(owner, name, { address: '{% $url %}', content: 'x' }));

    expect(first.resource).toBe(second.resource);
    expect(endpoint.upload(new Construct(stack, 'Another'), 'put', { address: '{% $url %}', content: 'x' }).resource).not.toBe(first.resource);
  });
});
