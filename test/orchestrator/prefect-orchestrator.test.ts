import { App, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, PrefectOrchestrator, S3ArtifactStore } from '../../lib';
import { Nobody } from '../../constructs/core/grants';

function make(auth?: Auth) {
  const stack = new Stack(new App(), 'test');
  const artifactStore = S3ArtifactStore.fromBucket(stack, 'Store', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'acme-data') });
  return { stack, orchestrator: new PrefectOrchestrator(stack, 'Orchestrator', { url: 'https://prefect.acme.dev/api', artifactStore, auth }) };
}

const secret = () => secretsmanager.Secret.fromSecretNameV2(new Stack(), 'Secret', 'acme/prefect');

test.each(['', 'a/b/c', '/nightly', 'train/'])("the pipeline '%s' is refused", pipeline => {
  const { stack, orchestrator } = make();

  expect(() => orchestrator.run(stack, 'Run', { pipeline })).toThrow(`'pipeline' must be <flow>/<deployment>, or one name for both, got '${pipeline}'`);
});

test('a store is asked for', () => {
  expect(() => new PrefectOrchestrator(new Stack(), 'Orchestrator', { url: 'https://prefect.acme.dev/api', artifactStore: {} as any }))
    .toThrow("'artifactStore' must be an artifact store (IArtifactStore), got {}");
});

test("an API key is bound under the name of Prefect's SDK, a password under one of ours", () => {
  const bearer = make(Auth.bearer(secret())).orchestrator.bind(new Nobody());
  const basic = make(Auth.basic('ml', secret())).orchestrator.bind(new Nobody());

  expect([bearer.variables, Object.keys(bearer.secrets!)]).toEqual([{ PREFECT_API_URL: 'https://prefect.acme.dev/api' }, ['PREFECT_API_KEY']]);
  expect([basic.variables, Object.keys(basic.secrets!)]).toEqual([{ PREFECT_API_URL: 'https://prefect.acme.dev/api', MLOPS_PREFECT_USERNAME: 'ml' }, ['MLOPS_PREFECT_CREDENTIAL']]);
});
