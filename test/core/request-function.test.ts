import { createHash, createHmac } from 'crypto';
import { createServer, IncomingMessage, RequestListener, Server } from 'http';
import { AddressInfo } from 'net';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Auth, ExternalEndpoint, RequestOptions, WebhookSignature } from '../../constructs/core';
import { FunctionError, RunningFunction } from '../support/function';
import { resourcesOf } from '../support/template';
import { secret } from './components';

const HELD = { token: 'held-token-0123456789', password: 'held-password-0123456789', accessKeyId: 'AKIAHELD', secretAccessKey: 'held-secret-access-key' };

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const servers: Server[] = [];
let held: object | string = HELD;
let read = 0;
const functions: RunningFunction[] = [];
let environment: { [name: string]: string };

beforeAll(async () => {
  const manager = await serve((_request, response) => {
    read++;
    response.setHeader('Content-Type', 'application/x-amz-json-1.1').end(JSON.stringify({ SecretString: typeof held === 'string' ? held : JSON.stringify(held) }));
  });
  environment = { AWS_ENDPOINT_URL_SECRETS_MANAGER: manager.url, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1', SECRET_ARN: 'acme' };
});

beforeEach(() => {
  held = HELD;
  read = 0;
});

afterAll(() => {
  functions.forEach(one => one.stop());
  servers.forEach(server => server.close().closeAllConnections());
});

/** A server on this machine, and what it was asked. */
async function serve(listener: RequestListener): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', chunk => { body += chunk; }).on('end', () => {
      seen.push({ method: request.method!, url: request.url!, headers: request.headers, body });
      listener(request, response);
    });
  });
  servers.push(server);
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const answering = (value: any, status = 200) => serve((_request, response) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value)));

/** What a step hands to the function when it makes `options` of a service at `url`, and the function itself, newly started. */
function deployed(url: string, auth: (stack: Stack) => Auth, more: { [name: string]: string } = {}): (options: RequestOptions, argument?: object) => Promise<any> {
  const stack = new Stack(new App(), 'test');
  const owner = new Construct(stack, 'Owner');
  const endpoint = new ExternalEndpoint(url, Auth.readWhenUsed(auth(stack)));
  endpoint.request(owner, 'first', { path: '/' });
  const resource: any = Object.values(stack.resolve((owner.node.findChild('Request').node.findChild('Function').node.defaultChild as any)._toCloudFormation()).Resources)[0];
  const { SECRET_ARN: _, ...variables } = resource.Properties.Environment.Variables;
  const running = new RunningFunction('request', { ...variables, ...environment, ...more });
  functions.push(running);
  return (options, argument) => running.invoke({ ...stack.resolve(endpoint.request(owner, 'one', options).arguments), ...argument });
}

/** The function that puts files where a service at `url` says, newly started. */
function uploading(url: string): (address: any, headers?: object) => Promise<any> {
  const stack = new Stack(new App(), 'test');
  const owner = new Construct(stack, 'Owner');
  const endpoint = new ExternalEndpoint(url, bearer(stack));
  const put = (address: string, headers?: object) => stack.resolve(endpoint.upload(owner, 'put', { address, content: '{"größe": 1}', headers }).arguments);
  put('{% $told.url %}');
  const resource: any = Object.values(stack.resolve((owner.node.findChild('Upload').node.findChild('Function').node.defaultChild as any)._toCloudFormation()).Resources)[0];
  const running = new RunningFunction('request', resource.Properties.Environment.Variables);
  functions.push(running);
  return (ApiEndpoint, headers) => running.invoke({ ...put('{% $told.url %}', headers), ApiEndpoint });
}

const failure = (answer: Promise<any>) => answer.then(value => { throw new Error(`it answered ${JSON.stringify(value)}`); }, ({ errorType: name, errorMessage: message, trace }: FunctionError) => ({ name, message, trace }));
const bearer = (stack: Stack) => Auth.bearer(secret(stack), 'token');
const exchange = (stack: Stack) => Auth.exchange(Auth.body('password', secret(stack), 'password'), { address: '/auth/token', body: { username: 'ml' } });

describe('a request', () => {
  test('answers as an HTTP Task does', async () => {
    const { url, seen } = await answering({ id: 7 }, 201);

    expect(await deployed(`${url}/v1`, bearer)({ path: '/jobs', body: { name: 'größer' }, query: { dry: 'a b' }, headers: { 'Idempotency-Key': 'k1' } })).toEqual({ StatusCode: 201, StatusText: 'Created', ResponseBody: { id: 7 } });
    expect(seen).toMatchObject([{ method: 'POST', url: '/v1/jobs?dry=a%20b', body: '{"name":"größer"}', headers: { 'authorization': `Bearer ${HELD.token}`, 'content-type': 'application/json', 'idempotency-key': 'k1' } }]);
  });

  test.each<[string, (stack: Stack) => Auth, object, string]>([
    ['basic', stack => Auth.basic('ml', secret(stack), 'password'), { authorization: `Basic ${Buffer.from(`ml:${HELD.password}`).toString('base64')}` }, '{"a":1}'],
    ['a header', stack => Auth.header('X-Key', secret(stack), 'token', 'Token '), { 'x-key': `Token ${HELD.token}` }, '{"a":1}'],
    ['the body', stack => Auth.body('key', secret(stack), 'token'), {}, `{"a":1,"key":"${HELD.token}"}`],
    ['nothing', () => Auth.none(), {}, '{"a":1}'],
  ])('carries %s', async (_name, auth, headers, body) => {
    const { url, seen } = await answering({});
    await deployed(url, auth)({ path: '/', body: { a: 1 } });

    expect(seen).toMatchObject([{ headers, body }]);
  });

  test('text stays text, and JSON that is none too', async () => {
    const text = (type: string) => serve((_request, response) => response.writeHead(200, { 'Content-Type': type }).end('{not json'));

    expect((await deployed((await text('text/html')).url, bearer)({ path: '/' })).ResponseBody).toBe('{not json');
    expect((await deployed((await text('application/json')).url, bearer)({ path: '/' })).ResponseBody).toBe('{not json');
  });

  test('reads the secret once', async () => {
    const { url } = await answering({});
    const ask = deployed(url, bearer);
    await ask({ path: '/' });
    await ask({ path: '/' });

    expect(read).toBe(1);
  });
});

describe('what an HTTP Task cannot', () => {
  test('bytes come in base64, and are refused where nobody expects them', async () => {
    const bytes = Buffer.from([0, 255, 254, 1]);
    const { url } = await serve((_request, response) => response.writeHead(200, { 'Content-Type': 'image/png' }).end(bytes));

    expect((await deployed(url, bearer)({ path: '/', binary: true })).ResponseBody).toBe(bytes.toString('base64'));
    expect(await failure(deployed(url, bearer)({ path: '/' }))).toMatchObject({ name: 'Http.Answer', message: "the answer is no text but 'image/png': ask for it with 'binary'" });
  });

  test('a part of a large answer is taken; the whole is refused', async () => {
    const { url } = await answering({ jobs: Array.from({ length: 5000 }, (_, id) => ({ id, note: 'x'.repeat(100) })) });

    expect((await deployed(url, bearer)({ path: '/', select: '{% jobs[id = 4711].id %}' })).ResponseBody).toBe(4711);
    expect(await failure(deployed(url, bearer)({ path: '/' }))).toMatchObject({ name: 'Http.Answer', message: expect.stringMatching(/^the answer has \d{6} bytes, a step takes 262144 at most/) });
    expect(await failure(deployed(url, bearer)({ path: '/', select: '{% $number(jobs) %}' }))).toMatchObject({ name: 'Http.Answer' });
  });

  test('a request that is signed for another cloud', async () => {
    const { url, seen } = await answering({});
    const auth = (stack: Stack) => Auth.sigv4(secret(stack), { region: 'eu-west-1', service: 'execute-api' });
    await deployed(url, auth)({ path: '/a b/1', body: { a: 1 }, query: { z: '1', b: 'c d' } });
    const [{ headers, url: path, body }] = seen;
    const [, signedHeaders, signature] = /^AWS4-HMAC-SHA256 Credential=AKIAHELD\/\d{8}\/eu-west-1\/execute-api\/aws4_request, SignedHeaders=([^,]+), Signature=(.+)$/.exec(headers.authorization!)!;

    expect(path).toBe('/a%20b/1?z=1&b=c%20d');
    expect(signature).toBe(signatureOf(headers, signedHeaders, ['POST', '/a%2520b/1', 'b=c%20d&z=1'], body, 'eu-west-1', 'execute-api'));
    held = { accessKeyId: 'AKIA' };
    expect(await failure(deployed(url, auth)({ path: '/' }))).toMatchObject({ name: 'Http.AccessDenied', message: "the secret has no field 'secretAccessKey': put the key and its id there" });
  });
});

describe('a signature by the role', () => {
  const APP = 'arn:aws:sagemaker:us-east-1:000000000000:partner-app/app-ABC123';
  const policies = () => [new iam.PolicyStatement({ actions: ['sagemaker:CallPartnerAppApi'], resources: [APP] })];
  const role = (stack: Stack, caller = Auth.header('X-Key', secret(stack), 'token')) => Auth.role({
    region: 'us-east-1', service: 'sagemaker', policies: policies(), headers: { 'X-Amz-Target': 'SageMaker.CallPartnerAppApi' }, caller,
  });

  test('is made with what AWS gives the function, and covers headers and the credential', async () => {
    const { url, seen } = await answering({ echoed: 'session-of-the-role' });
    const answer = await deployed(url, stack => role(stack), { AWS_SESSION_TOKEN: 'session-of-the-role' })({ path: '/v3', body: { a: 1 } });
    const [{ headers, body }] = seen;
    const [, signedHeaders, signature] = /^AWS4-HMAC-SHA256 Credential=test\/\d{8}\/us-east-1\/sagemaker\/aws4_request, SignedHeaders=([^,]+), Signature=(.+)$/.exec(headers.authorization!)!;

    expect(headers).toMatchObject({ 'x-key': HELD.token, 'x-amz-target': 'SageMaker.CallPartnerAppApi', 'x-amz-security-token': 'session-of-the-role' });
    expect(signedHeaders.split(';')).toEqual(expect.arrayContaining(['x-key', 'x-amz-target', 'x-amz-security-token', 'x-amz-content-sha256', 'host']));
    expect(signature).toBe(signatureOf(headers, signedHeaders, ['POST', '/v3', ''], body, 'us-east-1', 'sagemaker', 'test'));
    expect(answer.ResponseBody).toEqual({ echoed: '***' });
  });

  test('is allowed to the function alone, and the same to each', () => {
    const stack = new Stack(new App(), 'test');
    const endpoint = new ExternalEndpoint('https://app.acme.dev', role(stack));
    ['One', 'Other'].forEach(id => endpoint.request(new Construct(stack, id), 'first', { path: '/' }));
    const template = Template.fromStack(stack);

    for (const id of ['One', 'Other']) expect(resourcesOf(template, `${id}RequestFunctionRole`, 'sagemaker:CallPartnerAppApi')).toEqual([APP]);
  });

  test.each<[string, (stack: Stack) => Auth]>([
    ["'caller' must be known by header or none besides a role, got 'bearer'", stack => role(stack, Auth.bearer(secret(stack)))],
    ["'caller' must be known by basic, bearer, header, body or none, got 'role'", stack => Auth.exchange(role(stack), { address: '/token' })],
    ["'region' must be a region of lower-case letters, digits and -, got 'EU'", () => Auth.role({ region: 'EU', service: 'sagemaker', policies: [] })],
    ["'headers.X-A' must be 1 to 2048 characters of ASCII, got 'ö'", () => Auth.role({ region: 'eu-west-1', service: 'sagemaker', policies: [], headers: { 'X-A': 'ö' } })],
  ])('%s', (message, made) => {
    expect(() => made(new Stack(new App(), 'test'))).toThrow(message);
  });
});

/** As the documentation of Signature Version 4 computes it. */
function signatureOf(headers: any, signedHeaders: string, [method, path, query]: string[], body: string, region: string, service: string, key = HELD.secretAccessKey): string {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const date = headers['x-amz-date'];
  const canonical = [method, path, query, ...signedHeaders.split(';').map(name => `${name}:${headers[name]}`), '', signedHeaders, hash(body)].join('\n');
  const scope = [date.slice(0, 8), region, service, 'aws4_request'];
  const derived = scope.reduce<string | Buffer>((before, part) => hmac(before, part), `AWS4${key}`);
  return hmac(derived, ['AWS4-HMAC-SHA256', date, scope.join('/'), hash(canonical)].join('\n')).toString('hex');
}

describe('a signature of the body', () => {
  const mac = (key: string, text: string) => createHmac('sha256', key).update(text).digest();

  test.each([['whsec_aGVsZC1rZXktMDEyMzQ1Njc4OQ==', 'held-key-0123456789'], ['held-key-0123456789', 'held-key-0123456789']])('of Standard Webhooks, with %s', async (given, key) => {
    held = { key: given };
    const { url, seen } = await answering({});
    await deployed(url, stack => Auth.signed(secret(stack), WebhookSignature.standard(), 'key'))({ path: '/', body: { note: 'größer' } }, { Id: 'tell-run-1-sent' });
    const [{ headers, body }] = seen;

    expect(headers).toMatchObject({ 'webhook-id': 'tell-run-1-sent', 'webhook-signature': `v1,${mac(key, `tell-run-1-sent.${headers['webhook-timestamp']}.{"note":"größer"}`).toString('base64')}` });
    expect(body).toBe('{"note":"größer"}');
    expect(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(60);
  });

  test('alone, as GitHub has it, of no body too', async () => {
    const { url, seen } = await answering({});
    const ask = deployed(url, stack => Auth.signed(secret(stack), WebhookSignature.hmac('X-Hub-Signature-256', 'sha256='), 'token'));
    await ask({ path: '/', body: { a: 1 } });
    await ask({ path: '/' });

    expect(seen.map(it => it.headers['x-hub-signature-256'])).toEqual(['{"a":1}', ''].map(body => `sha256=${mac(HELD.token, body).toString('hex')}`));
  });

  test('by a key that the secret does not hold is refused', async () => {
    held = { key: 'whsec_' };
    const { url, seen } = await answering({});

    expect(await failure(deployed(url, stack => Auth.signed(secret(stack), WebhookSignature.standard(), 'key'))({ path: '/' }))).toMatchObject({
      name: 'Http.AccessDenied', message: "the secret holds no key: after 'whsec_' stands the key in base64",
    });
    expect(seen).toEqual([]);
  });
});

describe('a file', () => {
  test('goes where the service says, as it is, with the headers that the service says and no credential', async () => {
    const storage = await serve((_request, response) => response.end());

    expect(await uploading('http://127.0.0.1:1')(`${storage.url}/a%20b?X-Amz-Signature=0123456789`, { 'content-type': 'text/plain', 'Content-MD5': 'abc' })).toEqual({ StatusCode: 200, StatusText: 'OK', ResponseBody: '' });
    const [{ headers, ...seen }] = storage.seen;
    expect(seen).toEqual({ method: 'PUT', url: '/a%20b?X-Amz-Signature=0123456789', body: '{"größe": 1}' });
    expect(headers).toEqual({ 'accept': '*/*', 'user-agent': 'cdk-mlops', 'content-type': 'text/plain', 'content-md5': 'abc', 'content-length': '14', 'host': expect.anything(), 'connection': expect.anything() });
    expect(read).toBe(0);
  });

  test('is followed nowhere, and a refusal is told as a request is', async () => {
    const thief = await answering({});
    const { url } = await serve((request, response) => response.writeHead(request.url === '/moved' ? 307 : 403, { Location: `${thief.url}/` }).end('Request has expired'));
    const put = uploading(url);

    expect(await failure(put(`${url}/moved`))).toMatchObject({ name: 'Http.StatusCode.307' });
    expect(await failure(put(`${url}/late`))).toMatchObject({ name: 'Http.StatusCode.403', message: 'Request has expired' });
    expect(thief.seen).toEqual([]);
  });

  test.each([
    ['http://169.254.169.254/latest/meta-data?secret=1', 'http://169.254.169.254'], ['http://127.0.0.1:9001/2018-06-01', 'http://127.0.0.1:9001'], ['https://user:secret@acme.dev/', 'https://acme.dev'],
    ['file:///etc/secret', 'file://'], ['/secret', 'none'], [null, 'none'], [{ secret: 1 }, 'none'],
  ])('goes to %j never', async (address, shown) => {
    expect(await failure(uploading('https://vendor.acme.dev')(address))).toMatchObject({
      name: 'Http.Request', message: `the address that vendor.acme.dev gave must be an https:// URL without credentials, got ${shown}`,
    });
  });
});

describe('a token', () => {
  /** A service that gives out `token-<n>` and takes the last one. */
  async function service(more: object = {}) {
    let given = 0;
    const it = await serve((request, response) => {
      const asked = request.url === '/auth/token';
      if (asked) given++;
      const known = asked || request.headers.authorization === `Bearer token-${given}-0123456789`;
      response.writeHead(known ? 200 : 401, { 'Content-Type': 'application/json' }).end(JSON.stringify(asked ? { access_token: `token-${given}-0123456789`, ...more } : { known }));
    });
    return { ...it, revoke: () => { given++; }, given: () => given };
  }

  test('is asked for once, and carried', async () => {
    const { url, seen } = await service();
    const ask = deployed(url, exchange);
    await ask({ path: '/x' });

    expect((await ask({ path: '/x' })).ResponseBody).toEqual({ known: true });
    expect(seen.map(it => it.url)).toEqual(['/auth/token', '/x', '/x']);
    expect(seen[0]).toMatchObject({ method: 'POST', body: `{"username":"ml","password":"${HELD.password}"}` });
  });

  test('is asked for again once it is refused, with a secret that is read again', async () => {
    const { url, seen, revoke } = await service();
    const ask = deployed(url, exchange);
    await ask({ path: '/x' });
    revoke();
    held = { ...HELD, password: 'rotated-0123456789' };

    expect((await ask({ path: '/x' })).ResponseBody).toEqual({ known: true });
    expect(seen.map(it => it.url)).toEqual(['/auth/token', '/x', '/x', '/auth/token', '/x']);
    expect(JSON.parse(seen[3].body).password).toBe('rotated-0123456789');
  });

  test('is asked for again before it expires', async () => {
    const { url, seen } = await service({ expires_in: 10 });
    const ask = deployed(url, exchange);
    await ask({ path: '/x' });
    await ask({ path: '/x' });

    expect(seen.map(it => it.url)).toEqual(['/auth/token', '/x', '/auth/token', '/x']);
  });

  test('can be deep in the answer to a form, and stand in another header', async () => {
    const { url, seen } = await serveToken({ data: { token: 'deep-token-0123456789' } });
    const auth = (stack: Stack) => Auth.exchange(Auth.basic('key', secret(stack), 'token'), { address: '/auth.login', form: true, body: { a: 'b c' }, token: 'data.token', header: 'X-Token', prefix: '' });
    await deployed(url, auth)({ path: '/x' });

    expect(seen).toMatchObject([
      { body: 'a=b+c', headers: { 'content-type': 'application/x-www-form-urlencoded', 'authorization': `Basic ${Buffer.from(`key:${HELD.token}`).toString('base64')}` } }, { headers: { 'x-token': 'deep-token-0123456789' } },
    ]);
  });

  test("is OAuth's too, from elsewhere", async () => {
    const [{ url }, issuer] = [await answering({}), await answering({ access_token: 'oauth-token-0123456789' })];
    await deployed(url, stack => Auth.oauth('client', secret(stack), { address: `${issuer.url}/token`, scope: 'all', field: 'password' }))({ path: '/x' });

    expect(issuer.seen).toMatchObject([{ url: '/token', body: `grant_type=client_credentials&scope=all&client_id=client&client_secret=${HELD.password}` }]);
  });

  test("is OAuth's too, where a connection cannot fetch it", () => {
    const auth = Auth.oauth('client', secret(new Stack()), { address: '/token' });

    expect(auth.authorization('', 'http://[::1]:8080')).toBeUndefined();
    expect(auth.authorization('', 'http://127.0.0.1:8080')).toBeDefined();
  });

  test.each<[number, any, string, string]>([
    [401, { detail: HELD.password }, 'Http.AccessDenied', 'it answered 401'],
    [422, { input: HELD.password }, 'Http.AccessDenied', 'it answered 422'],
    [503, 'busy', 'Http.StatusCode.503', 'it answered 503'],
    [302, '', 'Http.AccessDenied', 'it answered 302'],
    [200, { token: 'x' }, 'Http.AccessDenied', "its answer has no 'access_token'"],
    [200, { access_token: 'a\nb' }, 'Http.AccessDenied', "its answer has no 'access_token'"],
    [200, '<html>', 'Http.AccessDenied', "its answer has no 'access_token'"],
    [200, null, 'Http.AccessDenied', "its answer has no 'access_token'"],
  ])('that is answered %s %j is an error that repeats nothing', async (status, value, name, why) => {
    const { url } = await answering(value, status);

    expect(await failure(deployed(url, exchange)({ path: '/x' }))).toEqual({ name, message: `${url}/auth/token gave no token: ${why}`, trace: [''] });
  });
});

const serveToken = (answer: object) => answering(answer);

describe('an attack', () => {
  test('a redirection takes the credential nowhere', async () => {
    const thief = await answering({});
    const { url } = await serve((_request, response) => response.writeHead(307, { Location: `${thief.url}/` }).end());

    expect(await failure(deployed(url, stack => Auth.header('X-Key', secret(stack), 'token'))({ path: '/' }))).toMatchObject({ name: 'Http.StatusCode.307' });
    expect(thief.seen).toEqual([]);
  });

  test.each(['https://thief.dev/', '%URL%.thief.dev/', '%URL%@thief.dev/', '%URL%/v1/../v2', '%URL%/v1/%2e%2e/v2', '%URL%/v10/x', 'nonsense'])('an address such as %s is refused', async given => {
    const { url, seen } = await answering({});

    expect(await failure(deployed(`${url}/v1`, bearer)({ path: '/' }, { ApiEndpoint: given.replace('%URL%', url) }))).toMatchObject({ name: 'Http.Request', message: expect.stringMatching(/^the address must lie under /) });
    expect(seen).toEqual([]);
  });

  test.each([200, 400, 401])('what a service repeats of the credential at %s is blacked out', async status => {
    const { url } = await serve((request, response) => response.writeHead(status, { 'Content-Type': 'application/json', 'Set-Cookie': 'a=b' }).end(JSON.stringify({ you: request.headers.authorization })));
    const ended = await deployed(url, bearer)({ path: '/' }).catch((error: FunctionError) => error);

    expect(JSON.stringify(ended)).toContain('Bearer ***');
    expect(JSON.stringify(ended)).not.toContain(HELD.token);
  });

  test('a body without an end is broken off', async () => {
    const { url } = await serve((_request, response) => {
      const chunk = Buffer.alloc(1_000_000, 'x');
      const more = (): void => { while (!response.destroyed && response.write(chunk)); };
      response.on('drain', more);
      more();
    });

    expect(await failure(deployed(url, bearer)({ path: '/' }))).toMatchObject({ name: 'Http.Answer', message: `${url} answered more than 20000000 bytes` });
  });

  test('a body that trickles, and no answer at all, end in time', async () => {
    const slow = await serve((_request, response) => { setInterval(() => response.write('x'), 50).unref(); });
    const silent = await serve(() => undefined);

    for (const { url } of [slow, silent]) {
      expect(await failure(deployed(url, bearer)({ path: '/' }, { Seconds: 0.3 }))).toMatchObject({ name: 'Http.Socket', message: expect.stringMatching(/did not answer within 0\.\d+ s$/) });
    }
  });

  test('a broken connection, and none, are errors that pass', async () => {
    const { url } = await serve(request => request.socket.destroy());

    expect(await failure(deployed(url, bearer)({ path: '/' }))).toMatchObject({ name: 'Http.Socket' });
    expect(await failure(deployed('http://127.0.0.1:1', bearer)({ path: '/' }))).toMatchObject({ name: 'Http.Socket', message: expect.stringMatching(/^http:\/\/127.0.0.1:1 is not reachable/) });
  });

  test('a secret with a line break reaches no header, and no message', async () => {
    const { url, seen } = await answering({});
    held = { token: 'first-0123456789\r\nX-Admin: yes' };

    expect(await failure(deployed(url, bearer)({ path: '/' }))).toEqual({
      name: 'Http.AccessDenied', message: "the header 'Authorization' cannot hold the secret, which has a line break or a character that is not ASCII", trace: [''],
    });
    expect(seen).toEqual([]);
  });
});

test.each<[object | string, string]>([
  ['', "the secret is no JSON object with a text in its field 'token'"],
  ['plain', "the secret is no JSON object with a text in its field 'token'"],
  [{ other: 1 }, "the secret is no JSON object with a text in its field 'token'"],
])('a secret of %j is refused', async (value, message) => {
  held = value;
  const { url } = await answering({});

  expect(await failure(deployed(url, bearer)({ path: '/' }))).toMatchObject({ name: 'Http.AccessDenied', message });
});

test('a refusal is not asked for twice, when nothing was kept', async () => {
  const { url, seen } = await answering({ detail: 'no' }, 401);

  expect(await failure(deployed(url, bearer)({ path: '/' }))).toMatchObject({ name: 'Http.StatusCode.401', message: '{"detail":"no"}' });
  expect(seen).toHaveLength(1);
});

test('its time is given in seconds', () => {
  const stack = new Stack(new App(), 'test');

  expect(new ExternalEndpoint('https://acme.dev', Auth.none()).request(stack, 'long', { path: '/', timeout: Duration.minutes(10) }).arguments.Seconds).toBe(600);
});
