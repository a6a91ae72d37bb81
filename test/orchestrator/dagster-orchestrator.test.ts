import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Auth, DagsterOrchestrator, S3ArtifactStore } from '../../lib';
import { Nobody } from '../../constructs/core/grants';

function make(auth?: Auth) {
  const stack = new Stack(new App(), 'test');
  const artifactStore = S3ArtifactStore.fromBucket(stack, 'Store', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'acme-data') });
  return { stack, orchestrator: new DagsterOrchestrator(stack, 'Orchestrator', { url: 'https://acme.dagster.cloud/prod', artifactStore, auth }) };
}

const secret = () => secretsmanager.Secret.fromSecretNameV2(new Stack(), 'Secret', 'acme/dagster');

test.each(['', '/nightly', 'fraud/', 'a/b/c/d'])("the pipeline '%s' is refused", pipeline => {
  const { stack, orchestrator } = make();

  expect(() => orchestrator.run(stack, 'Run', { pipeline })).toThrow(`'pipeline' must be <code location>/<job>, with /<repository> between or one name for both, got '${pipeline}'`);
});

test.each([
  ['fraud', ['fraud', '__repository__', 'fraud']], ['fraud/nightly', ['fraud', '__repository__', 'nightly']], ['fraud/team/nightly', ['fraud', 'team', 'nightly']],
])("the pipeline '%s' names a job", (pipeline, [repositoryLocationName, repositoryName, jobName]) => {
  const { stack, orchestrator } = make();
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(orchestrator.run(stack, 'Run', { pipeline })) });

  const [machine] = Object.values(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine'));
  expect(JSON.stringify(machine.Properties.DefinitionString)).toContain(JSON.stringify(JSON.stringify({ repositoryLocationName, repositoryName, jobName })).slice(1, -1));
});

test('a store is asked for', () => {
  expect(() => new DagsterOrchestrator(new Stack(), 'Orchestrator', { url: 'https://dagster.acme.dev', artifactStore: {} as any }))
    .toThrow("'artifactStore' must be an artifact store (IArtifactStore), got {}");
});

test("a token in a header is bound under the name of Dagster+'s command line, a password under one of ours", () => {
  const header = make(Auth.header('Dagster-Cloud-Api-Token', secret())).orchestrator.bind(new Nobody());
  const basic = make(Auth.basic('ml', secret())).orchestrator.bind(new Nobody());

  expect([header.variables, Object.keys(header.secrets!)]).toEqual([{ MLOPS_DAGSTER_URL: 'https://acme.dagster.cloud/prod' }, ['DAGSTER_CLOUD_API_TOKEN']]);
  expect([basic.variables, Object.keys(basic.secrets!)]).toEqual([{ MLOPS_DAGSTER_URL: 'https://acme.dagster.cloud/prod', MLOPS_DAGSTER_USERNAME: 'ml' }, ['MLOPS_DAGSTER_CREDENTIAL']]);
});
