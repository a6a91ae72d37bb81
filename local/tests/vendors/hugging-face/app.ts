/** State machines that work with the versions in one repository on the Hub, a queue that is told which ones are approved, and the registry, published. */
import { CfnOutput, SecretValue } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { HuggingFaceModelRegistry, IModelRegistry, ModelStatus, Publication } from '../../../../lib';
import { app, given } from '../app';

app('hugging-face', (stack, url) => {
  const secret = new secretsmanager.Secret(stack, 'Secret', {
    secretObjectValue: { token: SecretValue.unsafePlainText('token-of-the-test'), wrong: SecretValue.unsafePlainText('wrong'), webhooks: SecretValue.unsafePlainText('webhooks-of-the-test') },
  });
  const hub = new HuggingFaceModelRegistry(stack, 'Registry', { url, repository: 'acme/fraud', token: secret, tokenField: 'token', webhookSecret: secret, webhookSecretField: 'webhooks' });
  const registry: IModelRegistry = hub;
  const stranger: IModelRegistry = new HuggingFaceModelRegistry(stack, 'Stranger', { url, repository: 'acme/fraud', token: secret, tokenField: 'wrong' });
  new Publication(stack, 'Publish', { component: 'model-registry', of: registry });
  const told = new sqs.Queue(stack, 'Told');
  registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target: new targets.SqsQueue(told) });
  new CfnOutput(stack, 'ToldUrl', { value: told.queueUrl });
  new CfnOutput(stack, 'WebhookUrl', { value: hub.webhookUrl! });
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
