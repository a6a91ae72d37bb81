import { App, Stack } from 'aws-cdk-lib';
import { IModelTrainer, S3ArtifactStore, SageMakerExperimentTracker, SageMakerModelTrainer, StepFunctionsOrchestrator } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const store = new S3ArtifactStore(stack, 'ArtifactStore');
const tracker = new SageMakerExperimentTracker(stack, 'Tracker', { artifactStore: store });

const trainer: IModelTrainer = new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: store });
const train = trainer.train(stack, 'Train', {
  source: 'training', inputs: { train: store.uriFor('data/train/') }, metrics: ['accuracy'], uses: [tracker],
});
new StepFunctionsOrchestrator(stack, 'Orchestrator').addPipeline('nightly', { definition: train });
