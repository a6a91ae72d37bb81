/** A tracker that died: the team moves from Neptune to MLflow, and each job finds both in its environment meanwhile. */
import { App, CfnOutput, Stack, Validations } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  Auth, DeployableSageMakerEndpoint, MirroredTracker, MlflowExperimentTracker, ModelLoop, NeptuneExperimentTracker, Publication, S3ArtifactStore, SageMakerModelRegistry,
  SageMakerModelTrainer, SnsAlerter, StepFunctionsOrchestrator,
} from '../../lib';

const app = new App();
const stack = new Stack(app, 'neptune-migration');
// What each app of aws-cdk-lib does, and NIST's rules for cdk-nag and cfn-lint find.
Validations.of(stack).acknowledge(
  { id: 'NIST.800.53.R5-IAMNoInlinePolicy', reason: "aws-cdk-lib writes a role's permissions beside the role" },
  { id: 'W3005', reason: 'aws-cdk-lib names a role as a dependency besides the reference to it' },
);

// Where the successor is: the context `vendors`, which `npm run local` fills with the server that it starts.
const vendors = app.node.tryGetContext('vendors');
const { url, username, secret } = vendors ? JSON.parse(vendors).tracker : { url: 'https://mlflow.example.org', username: 'ml', secret: 'vendor/mlflow' };

// The one that stays; once the move is over, `uses` names it alone.
const successor = new MlflowExperimentTracker(stack, 'ExperimentTracker', { url, auth: Auth.basic(username, Secret.fromSecretNameV2(stack, 'TrackerSecret', secret), 'password') });
const left = new NeptuneExperimentTracker(stack, 'Neptune', { project: 'acme/churn', apiToken: Secret.fromSecretNameV2(stack, 'NeptuneToken', 'vendor/neptune') });
const tracker = new MirroredTracker(stack, 'BothTrackers', { primary: successor, secondary: left });

const store = new S3ArtifactStore(stack, 'ArtifactStore');
const trainer = new SageMakerModelTrainer(stack, 'ModelTrainer', { artifactStore: store });
const registry = new SageMakerModelRegistry(stack, 'ModelRegistry');
const endpoint = new DeployableSageMakerEndpoint(stack, 'ModelEndpoint', { artifactStore: store });
const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
const alerter = new SnsAlerter(stack, 'Alerter');
const loop = new ModelLoop(stack, 'Loop', {
  store, trainer, registry, endpoint, orchestrator, alerter,
  training: {
    // Logs to the one, and to the other as long as it answers.
    source: 'examples/neptune-migration/training',
    inputs: { train: store.uriFor('data/train/'), test: store.uriFor('data/test/') }, metrics: ['accuracy', 'f1', 'roc_auc'], uses: [tracker],
  },
  gate: { metric: 'accuracy', minimum: 0.9 },
  sample: 'data/sample.csv',
});

Object.entries({ 'artifact-store': store, 'experiment-tracker': tracker, 'model-registry': registry, 'model-endpoint': endpoint, 'alerter': alerter })
  .forEach(([component, of]) => new Publication(stack, `Publish-${component}`, { component, of }));
new CfnOutput(stack, 'ArtifactStoreUri', { value: store.uri });
new CfnOutput(stack, 'PipelineArn', { value: loop.training.stateMachineArn });
new CfnOutput(stack, 'DeploymentArn', { value: loop.deployment.stateMachineArn });

app.synth();
