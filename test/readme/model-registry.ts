import { App, Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import { IModelRegistry, ModelStatus, S3ArtifactStore, SageMakerModelRegistry, SageMakerModelTrainer, StepFunctionsOrchestrator } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const store = new S3ArtifactStore(stack, 'ArtifactStore');
const train = new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: store }).train(stack, 'Train', { source: 'training' });
const topic = new sns.Topic(stack, 'Approvals');

const registry: IModelRegistry = new SageMakerModelRegistry(stack, 'Registry');
const register = registry.register(stack, 'Register', {
  modelUri: train.result('modelUri'), image: train.result('image'), metrics: train.result('metrics'),
});
new StepFunctionsOrchestrator(stack, 'Orchestrator').addPipeline('nightly', { definition: train.next(register) });
registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target: new targets.SnsTopic(topic) });
