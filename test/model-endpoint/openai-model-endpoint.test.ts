import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Template } from 'aws-cdk-lib/assertions';
import { Auth, IModelEndpoint, OpenAiModelEndpoint, OpenAiModelEndpointProps, OpenAiTask } from '../../lib';
import { error, execute } from '../support/machine';
import { allowed, definition } from '../support/template';
import { withMachine } from './fixture';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

function serving(props: Partial<OpenAiModelEndpointProps> = {}, instances: any = '{% $states.context.Execution.Input.rows %}'): Template {
  const stack = new Stack(new App(), 'test');
  const endpoint: IModelEndpoint = new OpenAiModelEndpoint(stack, 'Endpoint', { model: 'small', ...props });
  return withMachine(stack, endpoint.infer(stack, 'Predict', { instances }));
}

/** What is asked for `rows`, and what comes of the answers that `server` gives. */
async function ask(template: Template, server: (body: any) => any, rows: any) {
  const requests: any[] = [];
  const run = await execute(definition(template, 'Machine'), (_name, request) => {
    requests.push(request);
    return { StatusCode: 200, ResponseBody: server(request.RequestBody) };
  }, { rows });
  return { requests, ...run };
}

const said = (content: any) => ({ object: 'chat.completion', choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }] });
const echo = ({ messages }: any) => said(`re: ${messages.at(-1).content}`);

describe('chat', () => {
  test('each text is a conversation of its own, one after another, without a wait', async () => {
    const { requests, output, trace } = await ask(serving({ instructions: 'Answer in a word', parameters: { temperature: 0 } }), echo, ['good?', 'bad?', 'so-so?']);

    expect(requests[0]).toMatchObject({ ApiEndpoint: 'https://api.openai.com/v1/chat/completions', Method: 'POST' });
    expect(requests.map(({ RequestBody }) => RequestBody)).toEqual(['good?', 'bad?', 'so-so?'].map(content => ({
      temperature: 0, model: 'small', messages: [{ role: 'system', content: 'Answer in a word' }, { role: 'user', content }],
    })));
    expect(output).toEqual({ predictions: ['re: good?', 're: bad?', 're: so-so?'] });
    expect(trace).not.toContain('Predict: answers wait');
  });

  test('a row may be a conversation', async () => {
    const messages = [{ role: 'user', content: 'Hello' }, { role: 'assistant', content: 'Hi' }, { role: 'user', content: 'And?' }];

    const { requests, output } = await ask(serving(), echo, [messages]);

    expect(requests[0].RequestBody).toEqual({ model: 'small', messages });
    expect(output).toEqual({ predictions: ['re: And?'] });
  });

  test('a row that is known at synth', async () => {
    expect((await ask(serving({}, ['good?']), echo, undefined)).output).toEqual({ predictions: ['re: good?'] });
  });

  test.each([['an error in JSON', { error: { message: 'no such model' } }], ['a page', '<html>'], ['a call of a tool instead of a text', said(null)], ['nothing', { choices: [] }]])('%s is a failure, not an empty prediction', async (_name, body) => {
    const { error: failure, requests } = await ask(serving(), () => body, ['good?', 'bad?']);

    expect(failure?.Error).toBe('Mlops.Failed');
    expect(requests).toHaveLength(1);
  });

  test.each([['401', 'Mlops.Unauthorized'], ['429', 'Mlops.Throttled'], ['404', 'Mlops.Failed']])('status %s is %s', async (status, name) => {
    const { error: failure } = await ask(serving(), () => { throw error(`States.Http.StatusCode.${status}`, 'refused'); }, ['good?']);

    expect(failure?.Error).toBe(name);
  });

  test('the deadline holds for all rows together', async () => {
    const slow = (body: any) => {
      jest.setSystemTime(Date.now() + 20 * 3600 * 1000);
      return echo(body);
    };

    const { error: failure, requests } = await ask(serving(), slow, ['1', '2', '3', '4']);

    expect(failure).toMatchObject({ Error: 'Mlops.Timeout', Cause: expect.stringContaining('no end after 86400 s') });
    expect(requests).toHaveLength(2);
  });
});

describe('embedding', () => {
  const embedding = (props: Partial<OpenAiModelEndpointProps> = {}) => serving({ task: OpenAiTask.EMBEDDING, ...props });
  const vectors = (...list: any[]) => ({ object: 'list', data: list.map((vector, index) => ({ object: 'embedding', index, embedding: vector })) });

  test('all texts go in one request, and the vectors come in the order of the rows', async () => {
    const { requests, output } = await ask(embedding({ parameters: { dimensions: 2 } }), () => ({ data: vectors([1, 2], [3, 4], [5, 6]).data.reverse() }), ['a', 'b', 'c']);

    expect(requests).toMatchObject([{ ApiEndpoint: 'https://api.openai.com/v1/embeddings', RequestBody: { dimensions: 2, model: 'small', input: ['a', 'b', 'c'] } }]);
    expect(output).toEqual({ predictions: [[1, 2], [3, 4], [5, 6]] });
  });

  test('one row has one prediction', async () => {
    expect((await ask(embedding(), () => vectors([1, 2]), ['a'])).output).toEqual({ predictions: [[1, 2]] });
    expect((await ask(embedding(), () => vectors([1]), ['a'])).output).toEqual({ predictions: [[1]] });
  });

  test.each([['fewer than the rows', vectors([1, 2])], ['none', { object: 'list', data: [] }], ['an error', { error: 'no' }], ['a page', '<html>']])('%s is a failure', async (_name, body) => {
    expect((await ask(embedding(), () => body, ['a', 'b'])).error?.Error).toBe('Mlops.Failed');
  });
});

test('the state machine may call this server alone', () => {
  const template = serving({ url: 'https://llm.acme.dev/v1/' });

  expect(allowed(template, 'MachineRole').find(({ actions }) => actions.includes('states:InvokeHTTPEndpoint'))?.condition).toEqual({
    StringLike: { 'states:HTTPEndpoint': 'https://llm.acme.dev/v1/*' }, StringEquals: { 'states:HTTPMethod': 'POST' },
  });
});

describe('the binding', () => {
  const bound = (auth?: (secret: secretsmanager.ISecret) => Auth) => {
    const stack = new Stack(new App(), 'test');
    const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Key', 'llm/key');
    return new OpenAiModelEndpoint(stack, 'Endpoint', { model: 'small', url: 'https://llm.acme.dev/v1', auth: auth?.(secret) }).bind(new iam.User(stack, 'User'));
  };

  test("an API key is in the name that OpenAI's client reads", () => {
    const { variables, secrets, probes } = bound(secret => Auth.bearer(secret, 'key'));

    expect(variables).toEqual({ OPENAI_BASE_URL: 'https://llm.acme.dev/v1', MLOPS_INFERENCE_MODEL: 'small' });
    expect(secrets).toEqual({ OPENAI_API_KEY: { secret: expect.anything(), field: 'key' } });
    expect(probes).toContainEqual({ shows: 'authorized', url: 'https://llm.acme.dev/v1/models', headers: { Authorization: 'Bearer ${OPENAI_API_KEY}' }, expects: { object: 'list' } });
  });

  test('any other credential is not', () => {
    expect(Object.keys(bound(secret => Auth.header('api-key', secret)).secrets!)).toEqual(['MLOPS_INFERENCE_CREDENTIAL']);
    expect(bound(secret => Auth.basic('ml', secret)).variables).toMatchObject({ MLOPS_INFERENCE_USERNAME: 'ml' });
    expect(bound().secrets).toEqual({});
  });
});

test.each<[Partial<OpenAiModelEndpointProps>, string]>([
  [{ model: '' }, "'model' must be a name of at most 255 characters, got ''"],
  [{ url: 'http://llm.acme.dev/v1' }, "'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://llm.acme.dev/v1'"],
  [{ task: 'chatt' as OpenAiTask }, "'task' must be an OpenAiTask (chat, embedding), got 'chatt': did you mean 'chat'?"],
  [{ instructions: '' }, "'instructions' must be a text that is not empty, got ''"],
  [{ task: OpenAiTask.EMBEDDING, instructions: 'Be brief' }, "'instructions' must be left out for OpenAiTask.EMBEDDING, which follows none, got 'Be brief'"],
  [{ parameters: { messages: [] } }, "'parameters' must hold none of model, messages, input, which each request has already, got {\"messages\":[]}"],
  [{ parameters: 'warm' as any }, "'parameters' must be a mapping of names to JSON, got 'warm'"],
])('%j is refused', (props, message) => {
  expect(() => serving(props)).toThrow(message);
});
