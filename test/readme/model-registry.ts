import { App, Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import {
  Auth, HuggingFaceModelRegistry, IModelRegistry, MlflowModelRegistry, ModelStatus, S3ArtifactStore, SageMakerModelRegistry, SageMakerModelTrainer, StepFunctionsOrchestrator,
  WandbModelRegistry,
} from '../../lib';

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

const login = secretsmanager.Secret.fromSecretNameV2(stack, 'Login', 'acme/mlflow');
const signing = secretsmanager.Secret.fromSecretNameV2(stack, 'Signing', 'acme/mlflow-webhooks');
const versions = new MlflowModelRegistry(stack, 'MlflowRegistry', {
  url: 'https://mlflow.acme.dev', model: 'churn', auth: Auth.basic('ml', login, 'password'), webhookSecret: signing,
});
versions.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target: new targets.SnsTopic(topic) });

const hub = secretsmanager.Secret.fromSecretNameV2(stack, 'Hub', 'acme/hugging-face');
const told = secretsmanager.Secret.fromSecretNameV2(stack, 'Told', 'acme/hugging-face-webhooks');
const revisions = new HuggingFaceModelRegistry(stack, 'HubRegistry', {
  repository: 'acme/churn', token: hub, webhookSecret: told,
});
revisions.onStatusChanged('ApprovedOnTheHub', { status: ModelStatus.APPROVED, target: new targets.SnsTopic(topic) });

const wandb = secretsmanager.Secret.fromSecretNameV2(stack, 'Wandb', 'acme/wandb');
const signed = secretsmanager.Secret.fromSecretNameV2(stack, 'Signed', 'acme/wandb-webhooks');
const artifacts = new WandbModelRegistry(stack, 'WandbRegistry', {
  collection: 'acme/models/churn', apiKey: wandb, webhookSecret: signed,
});
artifacts.onStatusChanged('ApprovedInWandb', { status: ModelStatus.APPROVED, target: new targets.SnsTopic(topic) });
