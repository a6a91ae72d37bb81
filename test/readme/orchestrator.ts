import { App, Stack } from 'aws-cdk-lib';
import { S3ArtifactStore, SageMakerModelTrainer, StepFunctionsOrchestrator } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const trainer = new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: new S3ArtifactStore(stack, 'ArtifactStore') });

const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
orchestrator.addPipeline('nightly', { definition: trainer.train(stack, 'Train', { source: 'training' }) });
// a pipeline that runs another, and waits for its end:
orchestrator.addPipeline('weekly', { definition: orchestrator.run(stack, 'Nightly', { pipeline: 'nightly' }) });
