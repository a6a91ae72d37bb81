import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { AirflowOrchestrator, Auth, S3ArtifactStore } from '../../lib';
import { Nobody } from '../../constructs/core/grants';
import { execute } from '../support/machine';
import { definition } from '../support/template';

function make(auth?: Auth) {
  const stack = new Stack(new App(), 'test');
  const artifactStore = S3ArtifactStore.fromBucket(stack, 'Store', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'acme-data') });
  return { stack, orchestrator: new AirflowOrchestrator(stack, 'Orchestrator', { url: 'https://airflow.acme.dev', artifactStore, auth }) };
}

const secret = () => secretsmanager.Secret.fromSecretNameV2(new Stack(), 'Secret', 'acme/airflow');

test.each(['', 'a/b', 'a b', 'x'.repeat(251)])("the pipeline '%s' is refused", pipeline => {
  const { stack, orchestrator } = make();

  expect(() => orchestrator.run(stack, 'Run', { pipeline })).toThrow(`'pipeline' must be a DAG's id, at most 250 letters, digits and . _ -, got '${pipeline.slice(0, 20)}`);
});

test('a store is asked for', () => {
  expect(() => new AirflowOrchestrator(new Stack(), 'Orchestrator', { url: 'https://airflow.acme.dev', artifactStore: {} as any }))
    .toThrow("'artifactStore' must be an artifact store (IArtifactStore), got {}");
});

test("a token is bound under the name of Airflow's command line, a password under one of ours", () => {
  const bearer = make(Auth.bearer(secret())).orchestrator.bind(new Nobody());
  const login = make(AirflowOrchestrator.login('ml', secret())).orchestrator.bind(new Nobody());

  expect([bearer.variables, Object.keys(bearer.secrets!)]).toEqual([{ MLOPS_AIRFLOW_URL: 'https://airflow.acme.dev' }, ['AIRFLOW_CLI_TOKEN']]);
  expect([login.variables, Object.keys(login.secrets!)]).toEqual([{ MLOPS_AIRFLOW_URL: 'https://airflow.acme.dev' }, ['MLOPS_AIRFLOW_CREDENTIAL']]);
});

test.each([['success', 'cancelled', 'ABORTED'], ['failed', 'cancelled', 'ABORTED'], ['success', null, 'SUCCEEDED'], ['failed', null, 'FAILED']])('a run that is %s with the note %s is %s', async (state, note, status) => {
  const { stack, orchestrator } = make();
  const step = orchestrator.inspect(stack, 'Inspect', { run: 'nightly/monday' });
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });

  const { output } = await execute(definition(Template.fromStack(stack)), name => ({ ResponseBody: name.endsWith('dagRun') ? { dag_run_id: 'monday', state, note } : { task_instances: [] } }));

  expect(output.status).toBe(status);
});
