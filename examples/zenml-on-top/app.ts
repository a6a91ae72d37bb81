/** The platform as a stack of ZenML's: a pipeline that is deployed there trains, and gate, registry, approval and endpoint go on from what it leaves. */
import { App, CfnOutput, Stack, Validations } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  Auth, DeployableSageMakerEndpoint, ModelLoop, PipelineModelTrainer, Publication, S3ArtifactStore, SageMakerExperimentTracker, SageMakerModelRegistry, SnsAlerter,
  StepFunctionsOrchestrator, ZenmlOrchestrator,
} from '../../lib';

const app = new App();
const stack = new Stack(app, 'zenml-on-top');
// What each app of aws-cdk-lib does, and NIST's rules for cdk-nag and cfn-lint find.
Validations.of(stack).acknowledge(
  { id: 'NIST.800.53.R5-IAMNoInlinePolicy', reason: "aws-cdk-lib writes a role's permissions beside the role" },
  { id: 'W3005', reason: 'aws-cdk-lib names a role as a dependency besides the reference to it' },
);

// The context `vendors`, which `npm run local` fills with the servers that it starts.
const given = app.node.tryGetContext('vendors');
const { zenml, train } = given ? JSON.parse(given) : { zenml: { url: 'https://zenml.example.org', secret: 'vendor/zenml' }, train: { url: 'https://train.example.org' } };

const store = new S3ArtifactStore(stack, 'ArtifactStore');
const tracker = new SageMakerExperimentTracker(stack, 'ExperimentTracker', { artifactStore: store });
const keys = secretsmanager.Secret.fromSecretNameV2(stack, 'Keys', zenml.secret);
const pipelines = new ZenmlOrchestrator(stack, 'Pipelines', {
  url: zenml.url, deployments: { train: train.url }, artifactStore: store, auth: Auth.bearer(keys, 'key'), deploymentAuth: Auth.bearer(keys, 'deploymentKey'),
});
const trainer = new PipelineModelTrainer(stack, 'ModelTrainer', { orchestrator: pipelines, pipeline: 'train' });
const registry = new SageMakerModelRegistry(stack, 'ModelRegistry');
const endpoint = new DeployableSageMakerEndpoint(stack, 'ModelEndpoint', { artifactStore: store });
const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
const alerter = new SnsAlerter(stack, 'Alerter');

const loop = new ModelLoop(stack, 'Loop', {
  store, trainer, registry, endpoint, orchestrator, alerter,
  training: { inputs: { train: store.uriFor('data/train/'), test: store.uriFor('data/test/') }, hyperparameters: { regularization: '2' }, metrics: ['accuracy', 'f1', 'roc_auc'], uses: [tracker] },
  gate: { metric: 'accuracy', minimum: 0.9 },
  sample: 'data/sample.csv',
});

// What `npm run export -- zenml` registers.
Object.entries({ 'artifact-store': store, 'experiment-tracker': tracker, 'model-trainer': trainer, 'model-registry': registry, 'model-endpoint': endpoint, orchestrator, alerter })
  .forEach(([component, of]) => new Publication(stack, `Publish-${component}`, { component, of }));
new CfnOutput(stack, 'ArtifactStoreUri', { value: store.uri });
new CfnOutput(stack, 'PipelineArn', { value: loop.training.stateMachineArn });
new CfnOutput(stack, 'DeploymentArn', { value: loop.deployment.stateMachineArn });

app.synth();
