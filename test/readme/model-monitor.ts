import { App, Stack } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import {
  Auth, CloudWatchModelMonitor, DeployableSageMakerEndpoint, EvidentlyModelMonitor, FiddlerModelMonitor, FiddlerPartnerAppModelMonitor, IDriftMonitor, IModelMonitor,
  OtlpModelMonitor, PhoenixModelMonitor, S3ArtifactStore, WhyLabsModelMonitor,
} from '../../lib';

export const stack = new Stack(new App(), 'readme');
const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: new S3ArtifactStore(stack, 'ArtifactStore') });
const topic = new sns.Topic(stack, 'Alerts');

const monitor: IModelMonitor = new CloudWatchModelMonitor(stack, 'Monitor', { endpoint });
monitor.onUnhealthy('Unhealthy', new targets.SnsTopic(topic));

const apiKey = secretsmanager.Secret.fromSecretNameV2(stack, 'ApiKey', 'datadog/api-key');
const webhookSecret = secretsmanager.Secret.fromSecretNameV2(stack, 'WebhookSecret', 'datadog/webhook');

const drift: IDriftMonitor = new OtlpModelMonitor(stack, 'DriftMonitor', {
  endpoint, url: 'https://otlp.datadoghq.com', auth: Auth.header('dd-api-key', apiKey), webhookSecret, features: ['amount', 'age'],
});
drift.onDrift('Drift', new targets.SnsTopic(topic));

const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'evidently');

new EvidentlyModelMonitor(stack, 'Evidently', {
  endpoint, url: 'https://evidently.acme.dev', collectorUrl: 'https://collector.acme.dev', collector: 'fraud', project: '01a2157b-b2e1-7128-9f4f-796b01eebe83', secret,
});

const phoenixKey = secretsmanager.Secret.fromSecretNameV2(stack, 'PhoenixKey', 'phoenix');

new PhoenixModelMonitor(stack, 'Phoenix', { endpoint, url: 'https://phoenix.acme.dev', project: 'fraud', apiKey: phoenixKey, features: ['amount', 'age'] });

const fiddlerKey = secretsmanager.Secret.fromSecretNameV2(stack, 'FiddlerKey', 'fiddler');

new FiddlerModelMonitor(stack, 'Fiddler', {
  endpoint, url: 'https://acme.fiddler.ai', model: 'd30bc065-a2ca-461e-bdcc-56d47c85d2a3', apiKey: fiddlerKey, features: ['amount', 'age'],
  alertRules: { 'amount drifts': '1d7f6e2c-39a1-4b0e-9a66-0c5a9f1d2b3c' },
});

new FiddlerPartnerAppModelMonitor(stack, 'FiddlerApp', {
  appArn: 'arn:aws:sagemaker:eu-west-1:123456789012:partner-app/app-ABC123', url: 'https://app-abc123.acme.dev',
  endpoint, model: 'd30bc065-a2ca-461e-bdcc-56d47c85d2a3', apiKey: fiddlerKey, features: ['amount', 'age'],
  alertRules: { 'amount drifts': '1d7f6e2c-39a1-4b0e-9a66-0c5a9f1d2b3c' },
});

const whylabsKey = secretsmanager.Secret.fromSecretNameV2(stack, 'WhyLabsKey', 'whylabs');
const containerPassword = secretsmanager.Secret.fromSecretNameV2(stack, 'ContainerPassword', 'whylogs');

new WhyLabsModelMonitor(stack, 'WhyLabs', {
  endpoint, url: 'https://whylabs.acme.dev', organization: 'org-0', dataset: 'model-1', apiKey: whylabsKey, features: ['amount', 'age'],
  containerUrl: 'https://whylogs.acme.dev', containerPassword,
});
