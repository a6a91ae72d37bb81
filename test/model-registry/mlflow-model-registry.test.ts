import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Auth, Step } from '../../constructs/core';
import { MlflowModelRegistry, MlflowModelRegistryProps, ModelStatus } from '../../constructs/model-registry';
import { error, execute } from '../support/machine';
import { definition, render } from '../support/template';

const held = (stack: Stack, id: string) => secretsmanager.Secret.fromSecretNameV2(stack, id, `acme/${id}`);

function made(props: (stack: Stack) => Partial<MlflowModelRegistryProps> = () => ({})): { stack: Stack; registry: MlflowModelRegistry } {
  const stack = new Stack(new App(), 'test');
  return { stack, registry: new MlflowModelRegistry(stack, 'Registry', { url: 'https://mlflow.acme.dev/', model: 'fraud', ...props(stack) }) };
}

/** The definition of one machine that is the step that `verb` makes. */
function machine(verb: (registry: MlflowModelRegistry, stack: Stack) => Step): any {
  const { stack, registry } = made();
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(verb(registry, stack)), queryLanguage: sfn.QueryLanguage.JSONATA });
  return definition(Template.fromStack(stack));
}

type Tags = { key: string; value: string }[];

/** An MLflow server with one model; answers as version 3.17 does. */
class Server {
  public readonly versions: { name: string; version: string; source: string; tags: Tags; last_updated_timestamp: number }[] = [];
  public readonly requests: { [path: string]: any } = {};
  public model = false;

  public readonly answer = (_state: string, { ApiEndpoint, RequestBody: body, QueryParameters: query }: any): any => {
    const path = ApiEndpoint.replace('https://mlflow.acme.dev/api/2.0/mlflow/', '');
    this.requests[path] = body ?? query;
    return { StatusCode: 200, ResponseBody: this.routes[path](body ?? query) };
  };

  private readonly routes: { [path: string]: (sent: any) => any } = {
    'registered-models/create': () => {
      if (this.model) throw error('States.Http.StatusCode.400', '{"error_code":"RESOURCE_ALREADY_EXISTS"}');
      this.model = true;
      return {};
    },
    'model-versions/search': ({ filter }) => {
      const [, name, key] = /^name = '([^']*)' and tags.`mlops.key` = '([^']*)'$/.exec(filter)!;
      const found = this.versions.filter(one => one.name === name && one.tags.some(tag => tag.key === 'mlops.key' && tag.value === key));
      return found.length ? { model_versions: found.slice(0, 1) } : {};
    },
    'model-versions/create': sent => {
      this.versions.push({ ...sent, version: `${this.versions.length + 1}`, last_updated_timestamp: 1767225600000 });
      return { model_version: this.versions.slice(-1)[0] };
    },
    'model-versions/get': ({ version }) => {
      const found = this.versions.find(one => one.version === version);
      if (!found) throw error('States.Http.StatusCode.404', '{"error_code":"RESOURCE_DOES_NOT_EXIST"}');
      return { model_version: found };
    },
    'model-versions/set-tag': () => ({}),
    'registered-models/alias': () => ({}),
  };
}

const REGISTER = machine((registry, stack) => registry.register(stack, 'Register', {
  modelUri: '{% $states.context.Execution.Input.uri %}', image: 'acme/image', metrics: '{% $states.context.Execution.Input.metrics %}', description: 'Nightly',
}));
const INPUT = { uri: 's3://acme/model.tar.gz', metrics: { 'accuracy': 0.97, 'val@roc': 1e-7 } };
const register = (server: Server, runId = 'run 1', input: object = INPUT) => execute(REGISTER, server.answer, { ...input, runId });

describe('register', () => {
  test('makes the model and a version that waits, with its image, run and metrics', async () => {
    const server = new Server();

    const { output, calls } = await register(server);

    expect(output).toEqual({ version: '1', status: 'PendingManualApproval' });
    expect(calls).toEqual(['Register: model', 'Register: found', 'Register: created', 'Register: registered']);
    expect(server.requests['registered-models/create']).toEqual({ name: 'fraud' });
    expect(server.versions).toEqual([expect.objectContaining({ name: 'fraud', source: 's3://acme/model.tar.gz', description: 'Nightly' })]);
    expect(server.versions[0].tags).toEqual([
      { key: 'mlops.key', value: expect.stringMatching(/^register-run-1-[0-9a-f]{12}$/) },
      { key: 'mlops.run_id', value: 'run 1' },
      { key: 'mlops.image', value: 'acme/image' },
      { key: 'mlops.status', value: 'PendingManualApproval' },
      { key: 'mlops.metric.accuracy', value: '0.97' },
      { key: 'mlops.metric.val-roc', value: '1e-7' },
    ]);
  });

  test.each([[{}], [{ accuracy: 1 }]])('takes the metrics %j', async metrics => {
    const server = new Server();
    await register(server, 'run', { ...INPUT, metrics });

    expect(server.versions[0].tags.slice(4)).toEqual(Object.entries(metrics).map(([name, value]) => ({ key: `mlops.metric.${name}`, value: `${value}` })));
  });

  test('finds the version of the run when it is repeated, and registers another for another run', async () => {
    const server = new Server();
    await register(server);

    const [again, other] = [await register(server), await register(server, 'run 2')];

    expect(again.output).toEqual({ version: '1', status: 'PendingManualApproval' });
    expect(again.calls).toEqual(['Register: model', 'Register: found', 'Register: registered']);
    expect(other.output.version).toBe('2');
    expect(server.versions).toHaveLength(2);
  });

  test('knows a model that is there from a name that is refused', async () => {
    const { error: failure, calls } = await execute(REGISTER, () => { throw error('States.Http.StatusCode.400', '{"error_code":"INVALID_PARAMETER_VALUE"}'); }, INPUT);

    expect([failure?.Error, calls]).toEqual(['Mlops.Failed', ['Register: model']]);
    expect(failure?.Cause).toContain('INVALID_PARAMETER_VALUE');
  });

  test.each(['<html>', null])('registers nothing when the search is answered %j', async ResponseBody => {
    const { error: failure, calls } = await execute(REGISTER, () => ({ ResponseBody }), INPUT);

    expect([failure?.Error, calls]).toEqual(['Mlops.Failed', ['Register: model', 'Register: found']]);
  });

  test('needs no metrics', async () => {
    const server = new Server();
    await execute(machine((registry, stack) => registry.register(stack, 'Register', { modelUri: 's3://acme/x', image: 'acme/image' })), server.answer);

    expect(server.versions[0].tags).toHaveLength(4);
  });
});

describe('resolve', () => {
  const RESOLVE = machine((registry, stack) => registry.resolve(stack, 'Resolve', { version: '{% $states.context.Execution.Input.version %}' }));

  test('yields where the model is, what serves it and what was decided', async () => {
    const server = new Server();
    await register(server);

    expect((await execute(RESOLVE, server.answer, { version: '1' })).output).toEqual({
      version: '1', modelUri: 's3://acme/model.tar.gz', image: 'acme/image', status: 'PendingManualApproval', changedAt: '2026-01-01T00:00:00.000Z',
    });
    expect(server.requests['model-versions/get']).toEqual({ name: 'fraud', version: '1' });
  });

  test('yields when the decision was told, which MLflow does not keep', async () => {
    const server = new Server();
    await register(server);
    const told = machine((registry, stack) => registry.resolve(stack, 'Resolve', { version: '1', toldAt: '{% $states.context.Execution.Input.at %}' }));

    expect((await execute(told, server.answer, { at: '2026-02-03T04:05:06.789012+00:00' })).output.changedAt).toBe('2026-02-03T04:05:06.789Z');
    expect((await execute(told, server.answer, { at: '2025-12-31T00:00:00Z' })).output.changedAt).toBe('2025-12-31T00:00:00.000Z');
    expect((await execute(told, server.answer, {})).output.changedAt).toBe('2026-01-01T00:00:00.000Z');
  });

  test('of a version without a decision waits for one', async () => {
    const server = new Server();
    server.versions.push({ name: 'fraud', version: '1', source: 's3://acme/x', tags: [{ key: 'mlops.image', value: 'acme/image' }], last_updated_timestamp: 0 });

    expect((await execute(RESOLVE, server.answer, { version: '1' })).output.status).toBe('PendingManualApproval');
  });

  test.each(['1', '2'])('fails, as the contract says, for what nobody can serve or find: %s', async version => {
    const server = new Server();
    server.versions.push({ name: 'fraud', version: '1', source: 's3://acme/x', tags: [], last_updated_timestamp: 0 });

    expect((await execute(RESOLVE, server.answer, { version })).error?.Error).toBe('Mlops.Failed');
  });
});

describe('set status', () => {
  const decide = (status: ModelStatus, reason?: string) => machine((registry, stack) => registry.setStatus(stack, 'Decide', { version: '7', status, reason }));

  test('approves: the reason and the alias come before the tag, of which others are told', async () => {
    const server = new Server();

    const { output, calls } = await execute(decide(ModelStatus.APPROVED, 'passed the gate'), server.answer);

    expect(output).toEqual({ version: '7', status: 'Approved' });
    expect(calls).toEqual(['Decide: explained', 'Decide: named', 'Decide: decided']);
    expect(server.requests['registered-models/alias']).toEqual({ name: 'fraud', version: '7', alias: 'champion' });
    expect(server.requests['model-versions/set-tag']).toEqual({ name: 'fraud', version: '7', key: 'mlops.status', value: 'Approved' });
  });

  test('rejects by the tag alone', async () => {
    const { output, calls } = await execute(decide(ModelStatus.REJECTED), new Server().answer);

    expect([output, calls]).toEqual([{ version: '7', status: 'Rejected' }, ['Decide: decided']]);
  });

  test('is unauthorized without the permission', async () => {
    expect((await execute(decide(ModelStatus.REJECTED), () => { throw error('States.Http.StatusCode.403', 'PERMISSION_DENIED'); })).error?.Error).toBe('Mlops.Unauthorized');
  });
});

test('a decision is told from the signed webhook, in the words of the contract', () => {
  const { stack, registry } = made(it => ({ webhookSecret: held(it, 'signing') }));
  registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target: new targets.SqsQueue(new sqs.Queue(stack, 'Queue')) });
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::Events::Rule'));
  const { EventPattern, Targets } = render(Properties);

  expect(Properties.EventBusName).toEqual({ Ref: expect.stringContaining('RegistryWebhookBus') });
  expect(EventPattern).toEqual({
    source: ['mlops.webhook'],
    detail: { entity: ['model_version_tag'], action: ['set'], data: { name: ['fraud'], key: ['mlops.status'], value: ['Approved'] } },
  });
  expect(Targets[0].InputTransformer).toEqual({
    InputPathsMap: { 'detail-data-version': '$.detail.data.version', 'detail-data-value': '$.detail.data.value', 'detail-timestamp': '$.detail.timestamp' },
    InputTemplate: '{"version":<detail-data-version>,"status":<detail-data-value>,"at":<detail-timestamp>}',
  });
});

test('a client gets what MLflow itself reads', () => {
  const { stack, registry } = made(it => ({ auth: Auth.basic('ml', held(it, 'login'), 'password') }));
  const { probes, secrets, ...binding } = registry.bind(new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }));

  expect(binding).toEqual({
    provider: 'mlflow', address: 'https://mlflow.acme.dev/#/models/fraud',
    variables: { MLFLOW_REGISTRY_URI: 'https://mlflow.acme.dev', MLFLOW_TRACKING_USERNAME: 'ml', MLOPS_MODEL_REGISTRY: 'fraud' },
  });
  expect(Object.keys(secrets!)).toEqual(['MLFLOW_TRACKING_PASSWORD']);
  expect(probes).toHaveLength(3);
});

test('nobody listens where nothing is told', () => {
  const { stack } = made();

  Template.fromStack(stack).resourceCountIs('AWS::ApiGatewayV2::Api', 0);
});

test.each<[string, (stack: Stack) => Partial<MlflowModelRegistryProps>]>([
  ["'model' must be at most 250 letters, digits, '_', '-', '.' and spaces, got 'a/b'", () => ({ model: 'a/b' })],
  ["'model' must be at most 250 letters, digits, '_', '-', '.' and spaces, got 'it's'", () => ({ model: "it's" })],
  ["'alias' must be 1 to 250 letters, digits, '_' and '-', and neither `latest` nor `v` and a number, which MLflow keeps for itself, got 'v1'", () => ({ alias: 'v1' })],
  ["'auth' must be Auth.basic, Auth.bearer or Auth.none, got Auth.header, which MLflow's client cannot send", it => ({ auth: Auth.header('X-Key', held(it, 'key')) })],
  ["'webhookSecretField' must be left out without 'webhookSecret', got 'x'", () => ({ webhookSecretField: 'x' })],
])('%s', (message, props) => {
  expect(() => made(props)).toThrow(new Error(message));
});

test('events without a secret are refused', () => {
  expect(() => made().registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target: { bind: () => ({ arn: 'x' }) } })).toThrow(new Error(
    "'webhookSecret' of 'test/Registry' must name the secret that MLflow signs its webhooks with, got none: without it no change can be told",
  ));
});
