/** The platform in one's own app: each component is a construct, and the loop takes whichever fulfil its contracts. */
import { App, CfnOutput, Stack, Validations } from 'aws-cdk-lib';
import {
  CloudWatchModelMonitor, DeployableSageMakerEndpoint, ModelLoop, Publication, S3ArtifactStore, SageMakerExperimentTracker, SageMakerModelRegistry, SageMakerModelTrainer,
  SnsAlerter, StepFunctionsOrchestrator,
} from '../../lib';

const app = new App();
const stack = new Stack(app, 'compose-your-own');
// What each app of aws-cdk-lib does, and NIST's rules for cdk-nag and cfn-lint find.
Validations.of(stack).acknowledge(
  { id: 'NIST.800.53.R5-IAMNoInlinePolicy', reason: "aws-cdk-lib writes a role's permissions beside the role" },
  { id: 'W3005', reason: 'aws-cdk-lib names a role as a dependency besides the reference to it' },
);

const store = new S3ArtifactStore(stack, 'ArtifactStore');
const tracker = new SageMakerExperimentTracker(stack, 'ExperimentTracker', { artifactStore: store, experiment: 'breast-cancer' });
const trainer = new SageMakerModelTrainer(stack, 'ModelTrainer', { artifactStore: store, instanceType: 'ml.m5.xlarge', spot: {} });
const registry = new SageMakerModelRegistry(stack, 'ModelRegistry', { description: 'Tells malignant from benign' });
const endpoint = new DeployableSageMakerEndpoint(stack, 'ModelEndpoint', { artifactStore: store, capturePercentage: 50 });
const monitor = new CloudWatchModelMonitor(stack, 'ModelMonitor', { endpoint });
const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
const alerter = new SnsAlerter(stack, 'Alerter');

const loop = new ModelLoop(stack, 'Loop', {
  store, trainer, registry, endpoint, monitor, orchestrator, alerter,
  training: {
    source: 'training',
    inputs: { train: store.uriFor('data/train/'), test: store.uriFor('data/test/') },
    hyperparameters: { regularization: '2' },
    metrics: ['accuracy', 'f1', 'roc_auc'],
    uses: [tracker],
  },
  gate: { metric: 'accuracy', minimum: 0.9 },
  sample: 'data/sample.csv',
});

// Optional: for those who do not use CDK, and for `npm run local`.
Object.entries({ 'artifact-store': store, 'experiment-tracker': tracker, 'model-registry': registry, 'model-endpoint': endpoint, 'alerter': alerter })
  .forEach(([component, of]) => new Publication(stack, `Publish-${component}`, { component, of }));
new CfnOutput(stack, 'ArtifactStoreUri', { value: store.uri });
new CfnOutput(stack, 'PipelineArn', { value: loop.training.stateMachineArn });
new CfnOutput(stack, 'DeploymentArn', { value: loop.deployment.stateMachineArn });

app.synth();
