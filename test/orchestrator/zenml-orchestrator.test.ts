import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Auth, S3ArtifactStore, ZenmlOrchestrator, ZenmlOrchestratorProps } from '../../lib';
import { Nobody } from '../../constructs/core/grants';
import { definition } from '../support/template';

function make(props: Partial<ZenmlOrchestratorProps> = {}) {
  const stack = new Stack(new App(), 'test');
  const artifactStore = S3ArtifactStore.fromBucket(stack, 'Store', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'acme-data') });
  const deployments = { train: 'https://train.acme.dev', score: 'https://score.acme.dev' };
  return { stack, orchestrator: new ZenmlOrchestrator(stack, 'Orchestrator', { url: 'https://zenml.acme.dev', deployments, artifactStore, ...props }) };
}

const secret = () => secretsmanager.Secret.fromSecretNameV2(new Stack(), 'Secret', 'acme/zenml');

test.each(['', 'nightly', 'constructor'])("the pipeline '%s', which is not deployed, is refused", pipeline => {
  const { stack, orchestrator } = make();

  expect(() => orchestrator.run(stack, 'Run', { pipeline })).toThrow(`'pipeline' must be one of the deployments (train, score), got '${pipeline}'`);
});

test.each(['__proto__', 'a b', 'Connection'])("a deployment may be named '%s'", pipeline => {
  const { stack, orchestrator } = make({ deployments: { ...JSON.parse(`{"${pipeline}":"https://odd.acme.dev"}`), train: 'https://train.acme.dev' } });

  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(orchestrator.run(stack, 'Run', { pipeline })), queryLanguage: sfn.QueryLanguage.JSONATA });

  expect(JSON.stringify(definition(Template.fromStack(stack)))).toContain('https://odd.acme.dev/submit');
});

test.each([
  [{}, "'deployments' must name one deployment at least, got {}"],
  ['https://train.acme.dev', "'deployments' must be a mapping, got 'https://train.acme.dev'"],
  [{ train: 'http://train.acme.dev' }, "'deployments.train' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://train.acme.dev'"],
])('%j are no deployments', (deployments: any, message) => {
  expect(() => make({ deployments })).toThrow(message);
});

test('a store is asked for', () => {
  expect(() => make({ artifactStore: {} as any })).toThrow("'artifactStore' must be an artifact store (IArtifactStore), got {}");
});

test("the API key is bound under the name of ZenML's SDK, that of the deployments under one of ours", () => {
  const { variables, secrets, probes } = make({ auth: Auth.bearer(secret(), 'key'), deploymentAuth: Auth.bearer(secret(), 'deploymentKey') }).orchestrator.bind(new Nobody());

  expect(variables).toEqual({ ZENML_STORE_URL: 'https://zenml.acme.dev' });
  expect(Object.keys(secrets!)).toEqual(['ZENML_STORE_API_KEY', 'MLOPS_ZENML_DEPLOYMENT_KEY']);
  expect(probes!.map(({ shows, url }) => `${shows} ${url}`)).toEqual([
    'alive https://zenml.acme.dev/health', 'authorized https://zenml.acme.dev/api/v1/current-user', 'version https://zenml.acme.dev/api/v1/info',
    'alive https://train.acme.dev/health', 'authorized https://train.acme.dev/submit', 'alive https://score.acme.dev/health', 'authorized https://score.acme.dev/submit',
  ]);
});

test('open services are bound without a secret', () => {
  expect(make().orchestrator.bind(new Nobody()).secrets).toEqual({});
});
