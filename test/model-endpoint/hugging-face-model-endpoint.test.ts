import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Template } from 'aws-cdk-lib/assertions';
import { HuggingFaceModelEndpoint, HuggingFaceModelEndpointProps, Step } from '../../lib';
import { error, execute } from '../support/machine';
import { allowed, definition } from '../support/template';
import { withMachine } from './fixture';

const URL = 'https://x1y2.eu-west-1.aws.endpoints.huggingface.cloud';
const MANAGED = 'https://api.endpoints.huggingface.cloud/v2/endpoint/acme/reviews';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

function endpoint(props: Partial<HuggingFaceModelEndpointProps> = {}): HuggingFaceModelEndpoint {
  const stack = new Stack(new App(), 'test');
  return new HuggingFaceModelEndpoint(stack, 'Endpoint', { endpoint: 'acme/reviews', url: URL, token: secretsmanager.Secret.fromSecretNameV2(stack, 'Token', 'hf/token'), ...props });
}

function running(make: (it: HuggingFaceModelEndpoint, stack: Stack) => Step, props: Partial<HuggingFaceModelEndpointProps> = {}): Template {
  const it = endpoint(props);
  const stack = Stack.of(it);
  return withMachine(stack, make(it, stack));
}

/** Hugging Face, which goes from one state to the next with every look. */
class Server {
  public readonly asked: string[] = [];
  public revision = 'old';

  constructor(private readonly states: string[], private readonly refuses?: unknown) {}

  public answer = (_name: string, { ApiEndpoint, Method, RequestBody }: any): any => {
    this.asked.push(`${Method} ${ApiEndpoint.replace(MANAGED, '')}`);
    if (Method === 'POST' && this.refuses) throw this.refuses;
    if (Method === 'PUT') this.revision = RequestBody.model.revision;
    const state = Method === 'GET' && this.states.length > 1 ? this.states.shift() : this.states[0];
    return { StatusCode: 200, ResponseBody: { name: 'reviews', model: { repository: 'acme/reviews', revision: this.revision }, status: { state, ...state === 'updateFailed' && { message: 'out of memory' } } } };
  };
}

describe('infer', () => {
  const INFER = running((it, stack) => it.infer(stack, 'Score', { instances: '{% $states.context.Execution.Input.rows %}' }), { parameters: { top_k: 1 } });
  const ask = (body: any, rows: any) => execute(definition(INFER, 'Machine'), (_name, request) => {
    expect(request).toMatchObject({ ApiEndpoint: `${URL}/`, Method: 'POST', RequestBody: { inputs: rows, parameters: { top_k: 1 } } });
    return { StatusCode: 200, ResponseBody: body };
  }, { rows });

  test('has one prediction a row', async () => {
    const answers = [{ label: 'good', score: 0.9 }, { label: 'bad', score: 0.8 }];

    expect((await ask(answers, ['fine', 'awful'])).output).toEqual({ predictions: answers });
    expect((await ask([answers[0]], ['fine'])).output).toEqual({ predictions: [answers[0]] });
    expect((await ask([[0.5, 1]], ['fine'])).output).toEqual({ predictions: [[0.5, 1]] });
  });

  test.each([['fewer answers than rows', [{ label: 'good' }]], ['an error', { error: 'Model is overloaded' }], ['a page', '<html>']])('%s is a failure', async (_name, body) => {
    expect((await ask(body, ['fine', 'awful'])).error?.Error).toBe('Mlops.Failed');
  });
});

describe('deployRevision', () => {
  const DEPLOY = definition(running((it, stack) => it.deployRevision(stack, 'Serve', { revision: '{% $states.context.Execution.Input.revision %}' })), 'Machine');

  test('updates the endpoint and waits until it runs', async () => {
    const server = new Server(['pending', 'updating', 'running']);
    const { output } = await execute(DEPLOY, server.answer, { revision: 'v2' });

    expect(output).toEqual({ endpoint: 'acme/reviews', version: 'v2' });
    expect(server.asked).toEqual(['PUT ', 'GET ', 'GET ', 'GET ']);
  });

  test.each([['updateFailed', 'acme/reviews is updateFailed: out of memory'], ['failed', 'acme/reviews is failed'], ['paused', 'acme/reviews is paused']])('%s is a failure', async (state, cause) => {
    const { error: failure } = await execute(DEPLOY, new Server(['updating', state]).answer, { revision: 'v2' });

    expect(failure).toMatchObject({ Error: 'Mlops.Failed', Cause: expect.stringContaining(cause) });
  });

  test('one that does not come to an end is over in time', async () => {
    expect((await execute(DEPLOY, new Server(['updating']).answer, { revision: 'v2' })).error?.Error).toBe('Mlops.Timeout');
  });
});

describe('pause and resume', () => {
  const PAUSE = definition(running((it, stack) => it.pause(stack, 'Sleep')), 'Machine');
  const RESUME = definition(running((it, stack) => it.resume(stack, 'Wake')), 'Machine');

  test('wait until it is so', async () => {
    const [asleep, awake] = [new Server(['running', 'running', 'paused']), new Server(['paused', 'initializing', 'running'])];

    expect((await execute(PAUSE, asleep.answer)).output).toEqual({ endpoint: 'acme/reviews', status: 'paused' });
    expect((await execute(RESUME, awake.answer)).output).toEqual({ endpoint: 'acme/reviews', status: 'running' });
    expect([asleep.asked[0], awake.asked[0]]).toEqual(['POST /pause', 'POST /resume']);
  });

  test('an endpoint that failed can be paused, and does not wake', async () => {
    expect((await execute(PAUSE, new Server(['failed', 'paused']).answer)).output.status).toBe('paused');
    expect((await execute(RESUME, new Server(['initializing', 'failed']).answer)).error).toMatchObject({ Error: 'Mlops.Failed', Cause: expect.stringContaining('acme/reviews is failed') });
  });

  test('one that runs already is left as it is, and any other refusal is a failure', async () => {
    const refusing = (cause: string) => execute(RESUME, new Server(['running'], error('States.Http.StatusCode.400', cause)).answer);

    expect((await refusing('{"error":"Endpoint is already running"}')).output.status).toBe('running');
    expect((await refusing('{"error":"No quota"}')).error?.Error).toBe('Mlops.Failed');
  });
});

test('a state machine that predicts may not manage the endpoint, and one that pauses may not predict', () => {
  const addresses = (template: Template) => allowed(template, 'MachineRole').flatMap(({ condition }) => condition?.StringLike?.['states:HTTPEndpoint'] ?? []);

  expect(addresses(running((it, stack) => it.infer(stack, 'Score', { instances: ['fine'] })))).toEqual([`${URL}/*`]);
  expect(new Set(addresses(running((it, stack) => it.pause(stack, 'Sleep'))))).toEqual(new Set(['https://api.endpoints.huggingface.cloud/v2/*']));
});

test("the binding has the token in the name that Hugging Face's clients read", () => {
  const it = endpoint({ tokenField: 'token' });
  const { variables, secrets, probes } = it.bind(new iam.User(Stack.of(it), 'User'));

  expect(variables).toEqual({ MLOPS_INFERENCE_URL: URL });
  expect(secrets).toEqual({ HF_TOKEN: { secret: expect.anything(), field: 'token' } });
  expect(probes).toContainEqual({ shows: 'authorized', url: URL, headers: { Authorization: 'Bearer ${HF_TOKEN}' } });
});

test.each<[Partial<HuggingFaceModelEndpointProps>, string]>([
  [{ endpoint: 'reviews' }, "'endpoint' must be <namespace>/<name>, the name of at most 32 lower-case letters, digits and -, got 'reviews'"],
  [{ url: 'http://x1y2.acme.dev' }, "'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://x1y2.acme.dev'"],
  [{ token: 'hf_abc' as any }, "'token' must be a secret (secretsmanager.ISecret), got 'hf_abc'"],
  [{ parameters: ['top_k'] as any }, "'parameters' must be a mapping of names to JSON, got [\"top_k\"]"],
])('%j is refused', (props, message) => {
  expect(() => endpoint(props)).toThrow(message);
});

test('no revision is refused', () => {
  expect(() => running((it, stack) => it.deployRevision(stack, 'Serve', { revision: '' }))).toThrow("'revision' must be a text that is not empty, got ''");
});
