import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import {
  DeployableOpenInferenceEndpoint, DeployableSageMakerEndpoint, Environment, RayModelTrainer, S3ArtifactStore, S3CompatibleArtifactStore, SageMakerExperimentTracker,
  SageMakerModelTrainer, Step,
} from '../../lib';
import { definition, render, resource, states } from '../support/template';

const URL = 'https://minio.acme.dev';

function made(props: object = {}) {
  const stack = new Stack(new App(), 'test');
  const keys = Secret.fromSecretNameV2(stack, 'Keys', 'acme/minio');
  return { stack, keys, store: new S3CompatibleArtifactStore(stack, 'Store', { url: URL, bucket: 'models', keys, ...props }) };
}

const maximal = { accessKeyIdField: 'id', secretAccessKeyField: 'key', region: 'auto', prefix: 'ml/' };

describe('minimal', () => {
  const { stack, store } = made();
  const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const { variables, secrets = {} } = store.bind(client);
  Environment.of(client, store);

  test("is reached in the names of AWS's SDKs", () => {
    expect(variables).toEqual({ MLOPS_ARTIFACT_STORE: 's3://models', AWS_ENDPOINT_URL_S3: URL, AWS_DEFAULT_REGION: 'us-east-1' });
    expect(Object.fromEntries(Object.entries(secrets).map(([name, { field }]) => [name, field]))).toEqual({ AWS_ACCESS_KEY_ID: 'accessKeyId', AWS_SECRET_ACCESS_KEY: 'secretAccessKey' });
    expect([store.uri, store.uriFor('data/train.csv')]).toEqual(['s3://models', 's3://models/data/train.csv']);
  });

  test('needs nothing of IAM but its keys', () => {
    expect([store.readPolicies('data/'), store.writePolicies('data/')]).toEqual([[], []]);
    const { Statement } = resource(Template.fromStack(stack), 'AWS::IAM::Policy', 'Client').Properties.PolicyDocument;
    expect(Statement.map(({ Action }: any) => Action)).toEqual(['secretsmanager:GetSecretValue']);
  });
});

test('maximal', () => {
  const { stack, store } = made(maximal);
  const binding = store.bind(new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }));

  expect(binding.address).toBe('s3://models/ml');
  expect(binding.variables).toMatchObject({ AWS_DEFAULT_REGION: 'auto' });
  expect(binding.probes).toEqual([
    { shows: 'alive', url: URL },
    {
      shows: 'authorized', url: `${URL}/models`, method: 'HEAD',
      signature: { keys: '{"id":"${AWS_ACCESS_KEY_ID}","key":"${AWS_SECRET_ACCESS_KEY}"}', accessKeyIdField: 'id', secretAccessKeyField: 'key', region: 'auto', service: 's3' },
    },
  ]);
});

test('a step reads an object with the keys of the store', () => {
  const { stack, store } = made(maximal);
  const { call, text } = store.read('object', 'data/a b.csv', '{% $states.context.Execution.Name %}');
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(new Step(stack, 'Read', { calls: [{ ...call, value: `{% ${text} %}` }], result: { text: '{% $object %}' } })), queryLanguage: sfn.QueryLanguage.JSONATA });
  const template = Template.fromStack(stack);

  const { Arguments } = states(definition(template))['Read: object'];
  expect(Arguments).toMatchObject({ ApiEndpoint: `{% "${URL}" & ("/models/ml/data/a%20b.csv" & ($states.context.Execution.Name)) %}`, Method: 'GET' });
  const { Environment: { Variables } } = resource(template, 'AWS::Lambda::Function').Properties;
  expect(JSON.parse(render(Variables.CREDENTIALS)).signature).toMatchObject({ accessKeyIdField: 'id', secretAccessKeyField: 'key', region: 'auto', service: 's3' });
});

test("a vendor's trainer stands on it, and its job finds the keys", () => {
  const { stack, store } = made();
  const trainer = new RayModelTrainer(stack, 'Trainer', { url: 'https://ray.acme.dev', artifactStore: store, entrypoint: 'python -m fraud.train' });
  const step = trainer.train(stack, 'Train', { inputs: { train: store.uriFor('data/') }, uses: [store] });
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });

  const all = states(definition(Template.fromStack(stack)));
  expect(all['Train: submitted'].Arguments.RequestBody.runtime_env.env_vars).toMatchObject({
    AWS_ENDPOINT_URL_S3: URL, MLOPS_SECRET_AWS_ACCESS_KEY_ID: expect.stringMatching(/acme\/minio.*:accessKeyId$/), MLOPS_CHANNEL_TRAIN: 's3://models/data/', MLOPS_OUTPUTS: '{% ("s3://models/training/" & ($key)) & "/outputs.json" %}',
  });
  expect(all['Train: left'].Arguments.ApiEndpoint).toBe(`{% "${URL}" & ("/models/training/" & (($key) & "/outputs.json")) %}`);
});

test.each<[string, (parts: ReturnType<typeof made>) => unknown, string]>([
  ["SageMaker's trainer", ({ stack, store }) => new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: store as any }), 'artifactStore'],
  ["SageMaker's tracker", ({ stack, store }) => new SageMakerExperimentTracker(stack, 'Tracker', { artifactStore: store as any }), 'artifactStore'],
  ["SageMaker's endpoint", ({ stack, store }) => new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: store as any }), 'artifactStore'],
  ['a repository that deployments copy into', ({ stack, store }) => new DeployableOpenInferenceEndpoint(stack, 'Endpoint', { url: 'https://inference.acme.dev', model: 'fraud', repository: store as any }), 'repository'],
  ['a deployment by SageMaker', ({ stack, store }) => new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: new S3ArtifactStore(stack, 'Own') })
    .deploy(stack, 'Deploy', { version: '1', modelUri: 's3://models/model.tar.gz', image: 'image', store }), 'store'],
])('%s refuses it', (_name, make, prop) => {
  expect(() => make(made())).toThrow(new Error(`'${prop}' must be an artifact store in S3 (IS3ArtifactStore), got 'test/Store'`));
});

test('a job with its keys cannot fetch a source from S3', () => {
  const { stack, store } = made();
  const trainer = new RayModelTrainer(stack, 'Trainer', { url: 'https://ray.acme.dev', artifactStore: store });

  expect(() => trainer.train(stack, 'Train', { source: 'training', uses: [store] }))
    .toThrow(new Error(`'source' must be left out for a job that 'uses' an artifact store elsewhere, got 'training': its client looks for the source at ${URL}; put the code into the cluster's image`));
});

test.each([
  [{ url: 'http://minio.acme.dev' }, "'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://minio.acme.dev'"],
  [{ bucket: 'Models' }, "'bucket' must be the name of a bucket, got 'Models'"],
  [{ prefix: 'ml' }, "'prefix' must be a folder that ends in '/', of letters, digits and - . _ ~, got 'ml'"],
  [{ region: 'EU 1' }, "'region' must be a region of lower-case letters, digits and -, got 'EU 1'"],
  [{ accessKeyIdField: '' }, /^'accessKeyIdField' must be /],
  [{ secretAccessKeyField: '' }, /^'secretAccessKeyField' must be /],
  [{ keys: 'AKIA' }, /^'keys' must be a secret \(ISecret\), got /],
])('%j is refused in one line', (props, line) => {
  expect(() => made(props)).toThrow(typeof line === 'string' ? new Error(line) : line);
});

test('a path from the root on is no path in the store', () => {
  expect(() => made().store.uriFor('/data')).toThrow(new Error("'path' must be a path in the store, without a '/' at the start, got '/data'"));
});

test('a server on this machine is for the laptop', () => {
  const { stack } = made({ url: 'http://127.0.0.1:9000' });

  Annotations.fromStack(stack).hasWarning('/test/Store', Match.stringLikeRegexp('is on this machine'));
});
