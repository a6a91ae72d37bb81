import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Auth, AuthScheme, ExternalEndpoint, RequestOptions, Step } from '../../constructs/core';
import { evaluate } from '../support/jsonata';
import { allowed, definition, resource, states } from '../support/template';
import { secret } from './components';

const REFERENCE = '{{resolve:secretsmanager:arn:aws:secretsmanager:us-east-1:000000000000:secret:acme/mlflow:SecretString:';

/** The template of one machine that makes one request. */
function request(options: RequestOptions, auth: (stack: Stack) => Auth = () => Auth.none(), url = 'https://api.acme.dev/v1/'): Template {
  const stack = new Stack(new App(), 'test');
  const owner = new Construct(stack, 'Owner');
  const step = new Step(stack, 'Ask', { calls: [new ExternalEndpoint(url, auth(stack)).request(owner, 'answer', options)], result: {} });
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });
  return Template.fromStack(stack);
}

const task = (template: Template) => states(definition(template))['Ask: answer'];
const connection = (template: Template) => resource(template, 'AWS::Events::Connection').Properties;

describe('a request', () => {
  const template = request({ path: "{% '/models/' & $name %}", body: { version: '{% $name %}' }, query: { dry: 'yes' }, headers: { 'Idempotency-Key': "{% 'deploy-' & $name %}" } });

  test('is an HTTP Task on a connection', async () => {
    const { Resource, Arguments } = task(template);

    expect(Resource).toBe('arn:aws:states:::http:invoke');
    expect(await evaluate(Arguments, { name: '7' })).toEqual({
      ApiEndpoint: 'https://api.acme.dev/v1/models/7', Method: 'POST', Authentication: { ConnectionArn: expect.stringMatching(/^<OwnerConnection.*Arn>$/) },
      RequestBody: { version: '7' }, QueryParameters: { dry: 'yes' }, Headers: { 'Idempotency-Key': 'deploy-7' },
    });
  });

  test('is all that its machine may do: this method, this address, this connection', () => {
    expect(allowed(template, 'MachineRole')).toEqual([
      {
        actions: ['states:InvokeHTTPEndpoint'], resources: ['arn:aws:states:us-east-1:000000000000:stateMachine:*'],
        condition: { StringLike: { 'states:HTTPEndpoint': 'https://api.acme.dev/v1/*' }, StringEquals: { 'states:HTTPMethod': 'POST' } },
      },
      { actions: ['events:RetrieveConnectionCredentials'], resources: [expect.stringMatching(/^<OwnerConnection.*Arn>$/)], condition: undefined },
      { actions: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], resources: [expect.stringMatching(/^<OwnerConnection.*SecretArn>$/)], condition: undefined },
    ]);
  });

  test('without a body is a GET, and a method may be named', () => {
    expect(task(request({ path: '/ready' })).Arguments).toEqual({ ApiEndpoint: 'https://api.acme.dev/v1/ready', Method: 'GET', Authentication: expect.anything() });
    expect(task(request({ path: '/x', method: 'PUT' })).Arguments.Method).toBe('PUT');
  });

  test('can be repeated, fail by its answer, and accept an error', () => {
    const all = states(definition(request({ path: '/job', until: '{% $answer.done %}', failed: '{% $answer.bad %}', accept: ['States.Http.StatusCode.409'] })));

    expect(all['Ask: answer over?'].Choices.map(({ Condition }: any) => Condition)).toEqual(['{% $answer.bad %}', '{% $answer.done %}', '{% $millis() > $deadline %}']);
    expect(all['Ask: answer'].Catch[0]).toMatchObject({ ErrorEquals: ['States.Http.StatusCode.409'], Next: 'Ask: done' });
  });
});

describe('credentials', () => {
  test('none', () => {
    expect(connection(request({ path: '/' }))).toMatchObject({ AuthorizationType: 'API_KEY', AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'x-client', ApiKeyValue: 'mlops' } } });
    expect(Auth.none()).toMatchObject({ scheme: AuthScheme.NONE, credential: undefined, username: undefined });
  });

  test('bearer, by reference only', () => {
    expect(connection(request({ path: '/' }, stack => Auth.bearer(secret(stack), 'token'))).AuthParameters.ApiKeyAuthParameters)
      .toEqual({ ApiKeyName: 'Authorization', ApiKeyValue: `Bearer ${REFERENCE}token::}}` });
  });

  test('a field of the body, by reference only', () => {
    const { ApiKeyAuthParameters, InvocationHttpParameters } = connection(request({ path: '/', body: {} }, stack => Auth.body('routing_key', secret(stack), 'key'))).AuthParameters;

    expect(ApiKeyAuthParameters).toEqual({ ApiKeyName: 'x-client', ApiKeyValue: 'mlops' });
    expect(InvocationHttpParameters).toEqual({ BodyParameters: [{ Key: 'routing_key', Value: `${REFERENCE}key::}}`, IsValueSecret: true }] });
    expect(() => Auth.body('routing key', secret(new Stack()))).toThrow(new Error("'name' must be a field's name of letters, digits, - and _, got 'routing key'"));
  });

  test('basic, by reference only', () => {
    expect(connection(request({ path: '/' }, stack => Auth.basic('ml', secret(stack), 'password')))).toMatchObject({
      AuthorizationType: 'BASIC', AuthParameters: { BasicAuthParameters: { Username: 'ml', Password: `${REFERENCE}password::}}` } },
    });
  });

  test('a header, with and without a prefix, a whole secret or a field', () => {
    const parameters = (auth: (stack: Stack) => Auth) => connection(request({ path: '/' }, auth)).AuthParameters.ApiKeyAuthParameters;

    expect(parameters(stack => Auth.header('X-Api-Key', secret(stack)))).toEqual({ ApiKeyName: 'X-Api-Key', ApiKeyValue: `${REFERENCE}::}}` });
    expect(parameters(stack => Auth.header('Authorization', secret(stack), 'key', 'Token '))).toEqual({ ApiKeyName: 'Authorization', ApiKeyValue: `Token ${REFERENCE}key::}}` });
  });

  test('know their form', () => {
    const stack = new Stack(new App(), 'test');
    const held = secret(stack);

    expect([Auth.bearer(held), Auth.basic('u', held, 'f'), Auth.header('h', held)].map(({ scheme }) => scheme)).toEqual(['bearer', 'basic', 'header']);
    expect(Auth.basic('u', held, 'f')).toMatchObject({ username: 'u', credential: { secret: held, field: 'f' } });
  });

  test.each(['', ' ', 'a:b', `${'x'.repeat(512)}:`])("a username '%.9s' is refused", username => {
    expect(() => Auth.basic(username, secret(new Stack(new App(), 'test')))).toThrow(new Error(`'username' must be 1 to 512 characters without ':', got '${username.length > 200 ? `${username.slice(0, 200)}...` : username}'`));
  });

  test("a header's name that is none is refused", () => {
    expect(() => Auth.header('X Key', secret(new Stack(new App(), 'test')))).toThrow(new Error("'name' must be a header's name of letters, digits, - and _, got 'X Key'"));
  });
});

describe('an address', () => {
  test.each([
    'https://acme.dev', 'https://acme.dev:8443/a/b', 'http://localhost:5000', 'http://127.0.0.1', 'http://[::1]:80/x', 'https://acme.dev/@team',
  ])('%s is taken', url => {
    expect(new ExternalEndpoint(`${url}/`, Auth.none()).url).toBe(url);
  });

  test.each([
    'http://acme.dev', 'http://localhost.acme.dev', 'http://127.0.0.1.acme.dev', 'https://', 'https://acme.dev:99999', 'https://acme.dev/*', 'https://acme.dev?x=1', 'https://acme.dev/#a',
    'https://acme.dev/a b', 'ftp://acme.dev', 'acme.dev', '', 'see https://acme.dev',
  ])("'%s' is refused", url => {
    expect(() => new ExternalEndpoint(url, Auth.none()))
      .toThrow(new Error(`'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got '${url}'`));
  });

  test('with a password is refused, and the password is not repeated', () => {
    expect(() => new ExternalEndpoint('https://ml:pw@acme.dev', Auth.none()))
      .toThrow(new Error("'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'https://***@acme.dev'"));
  });

  test('on this machine brings a warning, once; another does not', () => {
    const stack = new Stack(new App(), 'test');
    const endpoint = new ExternalEndpoint('http://127.0.0.1:5000', Auth.none());
    [1, 2].forEach(() => endpoint.warnIfLoopback(stack));
    new ExternalEndpoint('https://acme.dev', Auth.none()).warnIfLoopback(new Construct(stack, 'Other'));

    expect(Annotations.fromStack(stack).findWarning('*', Match.anyValue()).map(({ entry }) => entry.data)).toEqual([
      "'http://127.0.0.1:5000' is on this machine: the template is for the local target, not for AWS [ack: cdk-mlops:loopback]",
    ]);
  });

  test('has one connection for all requests of an owner', () => {
    const stack = new Stack(new App(), 'test');
    const endpoint = new ExternalEndpoint('https://acme.dev', Auth.none());
    ['a', 'b'].forEach(name => endpoint.request(stack, name, { path: '/' }));

    Template.fromStack(stack).resourceCountIs('AWS::Events::Connection', 1);
  });

  test("never borrows another endpoint's connection, which holds another credential", () => {
    const stack = new Stack(new App(), 'test');
    new ExternalEndpoint('https://one.dev', Auth.bearer(secret(stack))).request(stack, 'a', { path: '/' });

    expect(() => new ExternalEndpoint('https://two.dev', Auth.none()).request(stack, 'b', { path: '/' })).toThrow("There is already a Construct with name 'Connection'");
  });
});

test('a token address that a Connection cannot hold is asked by the function', () => {
  const stack = new Stack(new App(), 'test');
  const owner = new Construct(stack, 'Owner');
  new ExternalEndpoint('http://[::1]:8080', Auth.oauth('ml', secret(stack), { address: '/token' })).request(owner, 'one', { path: '/' });

  expect(owner.node.children.map(({ node }) => node.id)).toEqual(['Request']);
});
