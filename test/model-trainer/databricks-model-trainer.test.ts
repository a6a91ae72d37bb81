import { Duration } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, DatabricksModelTrainer, DatabricksModelTrainerProps, DatabricksWorkspace } from '../../lib';
import { resource } from '../support/template';
import { Service, setting, trained, training } from './fixture';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01'), doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }); });
afterEach(() => { jest.useRealTimers(); });

function made(props: Partial<DatabricksModelTrainerProps> = {}) {
  const { stack, artifactStore } = setting();
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/databricks');
  const auth = props.auth ?? DatabricksWorkspace.servicePrincipal('0b1c', secret, 'secret');
  return { stack, secret, trainer: new DatabricksModelTrainer(stack, 'Trainer', { url: 'https://acme.cloud.databricks.com', job: 411, artifactStore, ...props, auth }) };
}

const template = (timeout?: Duration) => {
  const { stack, trainer } = made();
  return training(stack, trainer, { hyperparameters: { rate: '0.1' }, inputs: { train: 's3://acme-data/d' }, timeout });
};
// Ids have up to 16 digits.
const RUN = 1048932716239445;
const serving = (...statuses: object[]): Service => ({
  'POST /api/2.2/jobs/run-now': [{ run_id: RUN, number_in_job: RUN }], 'GET /api/2.2/jobs/runs/get': statuses.map(status => ({ run_id: RUN, status })), 'POST /api/2.2/jobs/runs/cancel': [{}],
});
const ended = (code: string, message: string) => ({ state: 'TERMINATED', termination_details: { code, type: 'CLIENT_ERROR', message } });

test('runs the job, once for each run of the step, and waits for it', async () => {
  const { requests, output } = await trained(template(), serving({ state: 'QUEUED' }, { state: 'RUNNING' }, ended('SUCCESS', '')));

  expect(requests[0]).toEqual({
    asked: 'POST /api/2.2/jobs/run-now',
    RequestBody: {
      job_id: 411, idempotency_token: expect.stringMatching(/^train-monday-[0-9a-f]{12}$/), queue: { enabled: true },
      job_parameters: { runId: 'monday', outputs: expect.stringMatching(/^s3:.*\/outputs\.json$/), inputs: '{"train":"s3://acme-data/d"}', hyperparameters: '{"rate":"0.1"}', environment: '{}' },
    },
  });
  expect(requests.slice(1)).toEqual(Array(3).fill({ asked: 'GET /api/2.2/jobs/runs/get', QueryParameters: { run_id: '1048932716239445' } }));
  expect(output).toMatchObject({ jobName: '1048932716239445', modelUri: 's3://acme-data/m', metrics: { f1: 0.9 } });
});

test.each([
  ['RUN_EXECUTION_ERROR', 'Task train failed'], ['USER_CANCELED', 'Run cancelled by ada'], ['SOMETHING_NEW', 'who knows'],
])('a run that ends as %s fails the step', async (code, message) => {
  const { error } = await trained(template(), serving({ state: 'TERMINATING', termination_details: { code, message } }, ended(code, message)));

  expect(error).toEqual({ Error: 'Mlops.Failed', Cause: `Train: job ${RUN} is FAILED: ${code}: ${message} (log: https://acme.cloud.databricks.com/jobs/411/runs/${RUN})` });
});

test('a run that takes too long is cancelled', async () => {
  const { error, requests } = await trained(template(Duration.minutes(2)), serving({ state: 'RUNNING' }));

  expect(error).toMatchObject({ Error: 'Mlops.Timeout' });
  expect(requests.at(-1)).toEqual({ asked: 'POST /api/2.2/jobs/runs/cancel', RequestBody: { run_id: RUN } });
});

test('a service principal is known by OAuth, a person by a token', () => {
  const { stack, trainer, secret } = made();
  const { Properties } = resource(training(stack, trainer), 'AWS::Events::Connection');

  expect(Properties.AuthParameters.OAuthParameters).toMatchObject({
    AuthorizationEndpoint: 'https://acme.cloud.databricks.com/oidc/v1/token', ClientParameters: { ClientID: '0b1c' },
    OAuthHttpParameters: { BodyParameters: [{ Key: 'grant_type', Value: 'client_credentials' }, { Key: 'scope', Value: 'all-apis' }] },
  });
  expect(trainer.bind(stack as any)).toMatchObject({
    provider: 'databricks', variables: { DATABRICKS_HOST: 'https://acme.cloud.databricks.com', DATABRICKS_CLIENT_ID: '0b1c', MLOPS_TRAINING_JOB: '411' }, secrets: { DATABRICKS_CLIENT_SECRET: { secret, field: 'secret' } },
  });
  expect(made({ auth: Auth.bearer(secret) }).trainer.bind(stack as any)).toMatchObject({
    secrets: { DATABRICKS_TOKEN: { secret } }, probes: [{ shows: 'alive' }, { shows: 'authorized', url: 'https://acme.cloud.databricks.com/api/2.2/jobs/get?job_id=411', expects: { job_id: 411 } }],
  });
});

test.each<[Partial<DatabricksModelTrainerProps>, string]>([
  [{ job: 0 }, "'job' must be a whole number from 1 to 9007199254740991, got 0"],
  [{ auth: Auth.none() }, "'auth' must be Auth.bearer or DatabricksWorkspace.servicePrincipal, got an Auth"],
  [{ url: 'acme' }, "'url' must be an https:// URL"],
])('%j is refused', (props, message) => {
  expect(() => made(props)).toThrow(message);
});
