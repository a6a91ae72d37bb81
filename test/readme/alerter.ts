import { App, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  Auth, DatadogAlerter, IAlerter, PagerDutyAlerter, PagerDutySeverity, S3ArtifactStore, SageMakerModelTrainer, SlackAlerter, SnsAlerter, StepFunctionsOrchestrator, WebhookAlerter,
  WebhookSignature,
} from '../../lib';

export const stack = new Stack(new App(), 'readme');
const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/alerts');
const train = new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: new S3ArtifactStore(stack, 'ArtifactStore') })
  .train(stack, 'Train', { source: 'training' });

const alerter: IAlerter = new SnsAlerter(stack, 'Alerter', { email: 'ml@acme.dev' });
const done = alerter.notify(stack, 'Done', { subject: 'Trained', message: `{% 'Model: ' & $Train.modelUri %}` });
new StepFunctionsOrchestrator(stack, 'Orchestrator').addPipeline('nightly', { definition: train.next(done) });

const slack = new SlackAlerter(stack, 'Slack', { channel: '#ml-alerts', token: secret });
const pagerDuty = new PagerDutyAlerter(stack, 'PagerDuty', { routingKey: secret, severity: PagerDutySeverity.CRITICAL });
const datadog = new DatadogAlerter(stack, 'Datadog', { apiKey: secret, site: 'datadoghq.eu', tags: ['team:ml'] });
const webhook = new WebhookAlerter(stack, 'Webhook', { url: 'https://hooks.acme.dev/ml', auth: Auth.bearer(secret) });
const signed = new WebhookAlerter(stack, 'Signed', {
  url: 'https://hooks.acme.dev/ml',
  auth: Auth.signed(secret, WebhookSignature.standard()),
});
[slack, pagerDuty, datadog, webhook, signed].forEach(({ node: { path } }) => path);
