/** State machines that work with the versions in one collection of W&B's, a queue that is told which ones are approved, and the registry, published. */
import { CfnOutput, SecretValue } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { IModelRegistry, ModelStatus, Publication, WandbModelRegistry } from '../../../../lib';
import { app, given } from '../app';

app('wandb', (stack, url) => {
  const secret = new secretsmanager.Secret(stack, 'Secret', {
    secretObjectValue: {
      key: SecretValue.unsafePlainText('0123456789abcdef0123456789abcdef01234567'), wrong: SecretValue.unsafePlainText('wrong'), webhooks: SecretValue.unsafePlainText('webhooks-of-the-test'),
    },
  });
  const wandb = new WandbModelRegistry(stack, 'Registry', { url, collection: 'acme/models/fraud', registry: 'model', apiKey: secret, apiKeyField: 'key', webhookSecret: secret, webhookSecretField: 'webhooks' });
  const registry: IModelRegistry = wandb;
  const stranger: IModelRegistry = new WandbModelRegistry(stack, 'Stranger', { url, collection: 'acme/models/fraud', apiKey: secret, apiKeyField: 'wrong' });
  new Publication(stack, 'Publish', { component: 'model-registry', of: registry });
  const told = new sqs.Queue(stack, 'Told');
  registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target: new targets.SqsQueue(told) });
  new CfnOutput(stack, 'ToldUrl', { value: told.queueUrl });
  new CfnOutput(stack, 'WebhookUrl', { value: wandb.webhookUrl! });
  const register = { modelUri: given('modelUri'), image: 'acme/image', metrics: given('metrics'), description: 'Nightly, für alle' };
  const decide = (id: string, status: ModelStatus) => registry.setStatus(stack, id, { version: given('version'), status, reason: 'So it was decided' });
  return {
    Register: registry.register(stack, 'Register', register),
    Resolve: registry.resolve(stack, 'Resolve', { version: given('version'), toldAt: given('at') }),
    Approve: decide('Approve', ModelStatus.APPROVED),
    Reject: decide('Reject', ModelStatus.REJECTED),
    Reconsider: decide('Reconsider', ModelStatus.PENDING),
    Refused: stranger.register(stack, 'Refused', register),
  };
});
