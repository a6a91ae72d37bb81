import { App, Stack } from 'aws-cdk-lib';
import { IAlerter, S3ArtifactStore, SageMakerModelTrainer, SnsAlerter, StepFunctionsOrchestrator } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const train = new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: new S3ArtifactStore(stack, 'ArtifactStore') })
  .train(stack, 'Train', { source: 'training' });

const alerter: IAlerter = new SnsAlerter(stack, 'Alerter', { email: 'ml@acme.dev' });
const done = alerter.notify(stack, 'Done', { subject: 'Trained', message: `{% 'Model: ' & $Train.modelUri %}` });
new StepFunctionsOrchestrator(stack, 'Orchestrator').addPipeline('nightly', { definition: train.next(done) });
