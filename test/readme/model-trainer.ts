import { App, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, DatabricksModelTrainer, DatabricksWorkspace, HttpsModelTrainer, IModelTrainer, PipelineModelTrainer, PrefectOrchestrator, RayModelTrainer, S3ArtifactStore, SageMakerExperimentTracker, SageMakerModelTrainer, StepFunctionsOrchestrator } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const store = new S3ArtifactStore(stack, 'ArtifactStore');
const tracker = new SageMakerExperimentTracker(stack, 'Tracker', { artifactStore: store });

const trainer: IModelTrainer = new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: store });
const train = trainer.train(stack, 'Train', {
  source: 'training', inputs: { train: store.uriFor('data/train/') }, metrics: ['accuracy'], uses: [tracker],
});
new StepFunctionsOrchestrator(stack, 'Orchestrator').addPipeline('nightly', { definition: train });

const token = secretsmanager.Secret.fromSecretNameV2(stack, 'Token', 'acme/ray');
const ray: IModelTrainer = new RayModelTrainer(stack, 'Ray', { url: 'https://ray.acme.dev', artifactStore: store, auth: Auth.bearer(token), gpus: 1 });
const lakehouse: IModelTrainer = new DatabricksModelTrainer(stack, 'Lakehouse', {
  url: 'https://acme.cloud.databricks.com', job: 411, artifactStore: store, auth: DatabricksWorkspace.servicePrincipal('f0e1d2c3', token, 'secret'),
});
const queue: IModelTrainer = new HttpsModelTrainer(stack, 'Queue', {
  url: 'https://jobs.acme.dev', artifactStore: store, auth: Auth.bearer(token),
  submit: { path: '/jobs', body: { name: '{% $key %}', leave: '{% $outputs %}', data: '{% $inputs.train %}' }, existsStatus: 409 },
  status: { path: "{% '/jobs/' & $job %}", state: '{% $states.result.ResponseBody.state %}', succeeded: ['done'], failed: ['failed', 'lost'] },
  cancel: { path: "{% '/jobs/' & $job %}", method: 'DELETE' },
});
const flow: IModelTrainer = new PipelineModelTrainer(stack, 'Flow', {
  orchestrator: new PrefectOrchestrator(stack, 'Prefect', { url: 'https://prefect.acme.dev/api', artifactStore: store }), pipeline: 'train/nightly',
});
new StepFunctionsOrchestrator(stack, 'Others').addPipeline('vendors', { definition: ray.train(stack, 'OnRay', { source: 'training' }).next(flow.train(stack, 'InPrefect', {})).next(lakehouse.train(stack, 'InDatabricks', {})).next(queue.train(stack, 'InTheQueue', {})) });
