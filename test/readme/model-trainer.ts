import { App, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, IModelTrainer, PipelineModelTrainer, PrefectOrchestrator, RayModelTrainer, S3ArtifactStore, SageMakerExperimentTracker, SageMakerModelTrainer, StepFunctionsOrchestrator } from '../../lib';

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
const flow: IModelTrainer = new PipelineModelTrainer(stack, 'Flow', {
  orchestrator: new PrefectOrchestrator(stack, 'Prefect', { url: 'https://prefect.acme.dev/api', artifactStore: store }), pipeline: 'train/nightly',
});
new StepFunctionsOrchestrator(stack, 'Others').addPipeline('vendors', { definition: ray.train(stack, 'OnRay', { source: 'training' }).next(flow.train(stack, 'InPrefect', {})) });
