import { App, Stack } from 'aws-cdk-lib';
import {
  Approval, DeployableSageMakerEndpoint, ModelLoop, S3ArtifactStore, SageMakerExperimentTracker, SageMakerModelRegistry, SageMakerModelTrainer, SnsAlerter, StepFunctionsOrchestrator,
} from '../../lib';

export const stack = new Stack(new App(), 'readme');
const store = new S3ArtifactStore(stack, 'ArtifactStore');
const tracker = new SageMakerExperimentTracker(stack, 'Tracker', { artifactStore: store });
const trainer = new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: store });
const registry = new SageMakerModelRegistry(stack, 'Registry');
const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: store });
const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
const alerter = new SnsAlerter(stack, 'Alerter');

new ModelLoop(stack, 'Loop', {
  store, trainer, registry, endpoint, orchestrator, alerter,
  training: { source: 'training', inputs: { train: store.uriFor('data/train/'), test: store.uriFor('data/test/') }, uses: [tracker] },
  gate: { metric: 'accuracy', minimum: 0.9 },
  approval: Approval.MANUAL,
  sample: 'data/sample.csv',
});
