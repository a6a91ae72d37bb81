/** State machines that work with the versions of one registered model, a queue that is told which ones are approved, and a tracker that is published. */
import { CfnOutput, SecretValue } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Auth, IExperimentTracker, IModelRegistry, MlflowExperimentTracker, MlflowModelRegistry, ModelStatus, Publication } from '../../../../lib';
import { app, given } from '../app';

app('mlflow', (stack, url) => {
  const secret = new secretsmanager.Secret(stack, 'Secret', {
    secretObjectValue: { password: SecretValue.unsafePlainText('s3cr3t-of-the-test'), wrong: SecretValue.unsafePlainText('wrong'), signing: SecretValue.unsafePlainText('signing-of-the-test') },
  });
  const mlflow = new MlflowModelRegistry(stack, 'Registry', {
    url, model: 'fraud', auth: Auth.basic('ml', secret, 'password'), webhookSecret: secret, webhookSecretField: 'signing',
  });
  const registry: IModelRegistry = mlflow;
  const stranger: IModelRegistry = new MlflowModelRegistry(stack, 'Stranger', { url, model: 'fraud', auth: Auth.basic('ml', secret, 'wrong') });
  const tracker: IExperimentTracker = new MlflowExperimentTracker(stack, 'Tracker', { url, auth: Auth.basic('ml', secret, 'password'), experiment: 'nightly' });
  new Publication(stack, 'Publish', { component: 'experiment-tracker', of: tracker });
  const told = new sqs.Queue(stack, 'Told');
  registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target: new targets.SqsQueue(told) });
  new CfnOutput(stack, 'ToldUrl', { value: told.queueUrl });
  new CfnOutput(stack, 'WebhookUrl', { value: mlflow.webhookUrl! });
  const register = { modelUri: given('modelUri'), image: 'acme/image', metrics: given('metrics'), description: 'Nightly' };
  return {
    Register: registry.register(stack, 'Register', register),
    Resolve: registry.resolve(stack, 'Resolve', { version: given('version') }),
    Approve: registry.setStatus(stack, 'Approve', { version: given('version'), status: ModelStatus.APPROVED, reason: 'It passed the gate' }),
    Reject: registry.setStatus(stack, 'Reject', { version: given('version'), status: ModelStatus.REJECTED }),
    Refused: stranger.register(stack, 'Refused', register),
  };
});
