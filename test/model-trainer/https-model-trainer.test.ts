import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, HttpsModelTrainer, HttpsModelTrainerProps, MlflowExperimentTracker } from '../../lib';
import { allowed } from '../support/template';
import { Service, setting, trained, training } from './fixture';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01'), doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }); });
afterEach(() => { jest.useRealTimers(); });

const SUBMIT = { path: '/jobs', body: { name: '{% $key %}', command: ['train', '{% $outputs %}'], env: '{% $environment %}', args: "{% $merge([$hyperparameters, {'data': $inputs.train}]) %}", run: '{% $run %}' } };
const STATUS = { path: "{% '/jobs/' & $job %}", state: '{% $states.result.ResponseBody.status %}', succeeded: ['done'], failed: ['failed', 'lost'] };
const KEY = expect.stringMatching(/^train-monday-[0-9a-f]{12}$/);

function made(props: Partial<HttpsModelTrainerProps> = {}) {
  const { stack, artifactStore } = setting();
  return { stack, trainer: new HttpsModelTrainer(stack, 'Trainer', { url: 'https://jobs.acme.dev', artifactStore, submit: SUBMIT, status: STATUS, ...props }) };
}

const template = (props?: Partial<HttpsModelTrainerProps>, timeout?: Duration) => {
  const { stack, trainer } = made(props);
  return training(stack, trainer, { inputs: { train: '{% $states.context.Execution.Input.data %}' }, hyperparameters: { rate: '0.1' }, timeout });
};
/** A service that knows its jobs by other names than the step's. */
const NAMED = { submit: { ...SUBMIT, job: '{% $states.result.ResponseBody.id %}' }, cancel: { path: "{% '/jobs/' & $job %}", method: 'DELETE' } };
const serving = (...states: (object | string | [number, string])[]): Service => ({ 'POST /jobs': [{ id: 7001048932716239 }], 'GET /jobs/7001048932716239': states, 'DELETE /jobs/7001048932716239': [{}] });

test('submits what was declared, asks for its end and takes what the job has left', async () => {
  const { requests, output } = await trained(template(NAMED), serving({ status: 'queued' }, { status: 'done' }), undefined, { data: 's3://acme-data/d' });

  expect(requests[0]).toEqual({
    asked: 'POST /jobs',
    RequestBody: { name: KEY, command: ['train', expect.stringMatching(/^s3:\/\/acme-data\/training\/train-monday-.*\/outputs\.json$/)], env: {}, args: { rate: '0.1', data: 's3://acme-data/d' }, run: 'monday' },
  });
  expect(requests.slice(1).map(({ asked }) => asked)).toEqual(['GET /jobs/7001048932716239', 'GET /jobs/7001048932716239']);
  expect(output).toEqual({ jobName: '7001048932716239', modelUri: 's3://acme-data/m', metrics: { f1: 0.9 }, image: expect.stringContaining('scikit-learn') });
});

test('tells a repeat by a header, where the service takes its key there', async () => {
  const keyed = template({ ...NAMED, submit: { ...NAMED.submit, body: { command: 'train' }, headers: { 'Idempotency-Key': '{% $key %}', 'Jobs-Version': '2026-01-01' } } });

  const { requests: [submitted], output } = await trained(keyed, serving({ status: 'done' }));

  expect(submitted).toEqual({ asked: 'POST /jobs', RequestBody: { command: 'train' }, Headers: { 'Idempotency-Key': KEY, 'Jobs-Version': '2026-01-01' } });
  expect(output.jobName).toBe('7001048932716239');
});

test('takes a refusal for the job of the run, when the service says so in these words', async () => {
  const refused = template({ submit: { ...SUBMIT, existsStatus: 409, existsCause: 'exists already' }, status: { ...STATUS, path: '/job', query: { name: '{% $job %}' } } });

  const found = await trained(refused, { 'POST /jobs': [[409, 'it exists already']], 'GET /job': [{ status: 'done' }] });
  const other = await trained(refused, { 'POST /jobs': [[409, 'the queue is closed']], 'GET /job': [{ status: 'done' }] });

  expect(found.output.jobName).toEqual(KEY);
  expect(found.requests[1]).toEqual({ asked: 'GET /job', QueryParameters: { name: KEY } });
  expect(other.error).toEqual({ Error: 'Mlops.Failed', Cause: expect.stringContaining('the queue is closed') });
});

describe('fails', () => {
  test.each<[string, Partial<HttpsModelTrainerProps>, Service, string]>([
    ['when the job has', NAMED, serving({ status: 'lost' }), 'Train: job 7001048932716239 is lost (log: https://jobs.acme.dev/jobs/7001048932716239)'],
    ['with the reason', { ...NAMED, status: { ...STATUS, reason: '{% $states.result.ResponseBody.why %}' } }, serving({ status: 'queued' }, { status: 'failed', why: 'no memory' }), 'Train: job 7001048932716239 is failed: no memory (log'],
    ['when the answer is a page', NAMED, serving('<html>welcome</html>'), 'Train: States.QueryEvaluationError: '],
    ['when the service names no job', NAMED, { 'POST /jobs': ['<html>sign in</html>'] }, 'Train: States.QueryEvaluationError: '],
    ['when the service is gone', NAMED, serving([404, 'no such job']), 'Train: States.Http.StatusCode.404: no such job'],
  ])('%s', async (_when, props, service, cause) => {
    expect((await trained(template(props), service)).error).toEqual({ Error: 'Mlops.Failed', Cause: expect.stringContaining(cause) });
  });

  test('when the job leaves no model', async () => {
    expect((await trained(template(NAMED), serving({ status: 'done' }), { metrics: {} })).error).toMatchObject({ Error: 'Mlops.Failed' });
  });

  test('when the job takes too long, which is then ended', async () => {
    const { error, requests } = await trained(template(NAMED, Duration.minutes(1)), serving({ status: 'running' }));

    expect(error).toEqual({ Error: 'Mlops.Timeout', Cause: 'Train: no end after 60 s (log: https://jobs.acme.dev/jobs/7001048932716239)' });
    expect(requests.filter(({ asked }) => asked.startsWith('DELETE'))).toHaveLength(1);
  });
});

test("grants the jobs' identity the models' folder and what is used, and hands its variables over", async () => {
  const { stack, artifactStore } = setting();
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/mlflow');
  const identity = new iam.Role(stack, 'Jobs', { assumedBy: new iam.AccountRootPrincipal() });
  const trainer = new HttpsModelTrainer(stack, 'Trainer', { url: 'https://jobs.acme.dev', artifactStore, submit: SUBMIT, status: STATUS, identity });
  const tracker = new MlflowExperimentTracker(stack, 'Tracker', { url: 'https://mlflow.acme.dev', auth: Auth.bearer(secret) });

  const made = training(stack, trainer, { uses: [tracker] });

  expect(allowed(made, 'Jobs').flatMap(({ actions }) => actions)).toEqual(expect.arrayContaining(['s3:PutObject', 'secretsmanager:GetSecretValue']));
  const { requests: [{ RequestBody: { env } }] } = await trained(made, { 'POST /jobs': [[400, 'enough']] });
  expect(env).toEqual({ MLFLOW_TRACKING_URI: 'https://mlflow.acme.dev', MLOPS_SECRET_MLFLOW_TRACKING_TOKEN: expect.stringContaining('acme/mlflow') });
});

test('binds clients to the service', () => {
  const { stack, trainer } = made({ auth: undefined });
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/jobs');
  const known = made({ auth: Auth.basic('ml', secret) }).trainer;

  expect(trainer.bind(stack as any)).toEqual({ provider: 'https', address: 'https://jobs.acme.dev', variables: { MLOPS_TRAINING_URL: 'https://jobs.acme.dev' }, secrets: {}, probes: [{ shows: 'alive', url: 'https://jobs.acme.dev' }] });
  expect(known.bind(stack as any)).toMatchObject({ variables: { MLOPS_TRAINING_USERNAME: 'ml' }, secrets: { MLOPS_TRAINING_CREDENTIAL: { secret } } });
});

test.each<[Partial<HttpsModelTrainerProps>, string]>([
  [{ submit: { ...SUBMIT, path: 'jobs' } }, "'submit.path' must be a path from the '/' on, or JSONata, got 'jobs'"],
  [{ submit: { path: '/jobs', body: { name: 'train' } } }, `'submit.body' must hold JSONata with $key, by which a repeat finds the job, got {"name":"train"}`],
  [{ submit: { path: '/jobs', body: {}, headers: { 'Idempotency-Key': 'key' } } }, "'submit.body' must hold JSONata with $key, by which a repeat finds the job, got {}"],
  [{ submit: { ...SUBMIT, headers: { Host: 'x' } } }, "'submit.headers.Host' must be the name of a header, of letters, digits, - and _, that Step Functions does not set itself, got 'Host'"],
  [{ submit: { ...SUBMIT, headers: { 'X-Key': 'größer' } } }, "'submit.headers.X-Key' must be a text of ASCII, or JSONata, got 'größer'"],
  [{ submit: { ...SUBMIT, method: 'GET' } }, "'submit.method' must be one of POST, PUT, PATCH, DELETE, got 'GET'"],
  [{ submit: { ...SUBMIT, job: 'id' } }, "'submit.job' must be JSONata, {% ... %}, got 'id'"],
  [{ submit: { ...SUBMIT, job: '{% 1 %}', existsStatus: 409 } }, "'submit.existsStatus' must be left out with 'job', got 409: a refusal holds no id"],
  [{ submit: { ...SUBMIT, existsStatus: 200 } }, "'submit.existsStatus' must be a whole number from 400 to 599, got 200"],
  [{ submit: { ...SUBMIT, existsCause: 'x' } }, "'submit.existsCause' must be left out without 'existsStatus', got 'x'"],
  [{ submit: { ...SUBMIT, existsStatus: 409, existsCause: '(' } }, "'submit.existsCause' must be a regular expression, got '('"],
  [{ submit: { ...SUBMIT, existsStatus: 409, existsCause: 'a/b' } }, "'submit.existsCause' must be a regular expression, got 'a/b'"],
  ...['', 1, '/x', 'a\\\\/b'].map((existsCause): [any, string] => [
    { submit: { ...SUBMIT, existsStatus: 409, existsCause } }, `'submit.existsCause' must be a regular expression, got ${typeof existsCause === 'string' ? `'${existsCause}'` : existsCause}`,
  ]),
  [{ submit: { ...SUBMIT, path: 'jobs/new' } }, "'submit.path' must be a path from the '/' on, or JSONata, got 'jobs/new'"],
  ...['', 'a\0b', '\0', 'a\0'].map((state): [any, string] => [{ status: { ...STATUS, failed: ['lost', state] } }, `'status.failed.1' must be the name of a state, got '${state.replace('\0', '\\u{0}')}'`]),
  [{ status: { ...STATUS, query: { id: 1 as any } } }, "'status.query.id' must be a text, got 1"],
  [{ status: { ...STATUS, succeeded: [] } }, "'status.succeeded' must name one state at least, got []"],
  [{ status: { ...STATUS, state: '{% [ %}' } }, "'status.state' must be JSONata, {% ... %}, got '{% [ %}': "],
  [{ status: undefined }, "'status' must be a mapping, got undefined"],
  [{ cancel: { path: '' } }, "'cancel.path' must be a path from the '/' on, or JSONata, got ''"],
  [{ artifactStore: {} as any }, "'artifactStore' must be an artifact store (IArtifactStore), got {}"],
])('%j is refused', (props, message) => {
  expect(() => made(props)).toThrow(message);
});

test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s may submit a job', async method => {
  const { requests: [submitted] } = await trained(template({ submit: { ...SUBMIT, method }, status: { ...STATUS, path: '/job' } }), { [`${method} /jobs`]: [{}], 'GET /job': [{ status: 'done' }] });

  expect(submitted.asked).toBe(`${method} /jobs`);
});

test('a job brings its own source', () => {
  const { stack, trainer } = made();

  expect(() => trainer.train(stack, 'Train', { source: 'training' })).toThrow("'source' must be left out, since the job brings its own, got 'training'");
});
