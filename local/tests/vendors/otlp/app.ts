/** An endpoint whose captured traffic goes to an OTLP receiver, whose alerts come in as verdicts. */
import { CfnOutput, SecretValue } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Auth, DeployableSageMakerEndpoint, IDriftMonitor, OtlpModelMonitor, OtlpSignal, SageMakerImage } from '../../../../lib';
import { app, given } from '../app';

app('otlp', (stack, url, artifactStore) => {
  const secret = new secretsmanager.Secret(stack, 'Secret', {
    secretObjectValue: { password: SecretValue.unsafePlainText('s3cr3t'), wrong: SecretValue.unsafePlainText('wrong'), webhook: SecretValue.unsafePlainText('webhook-of-the-test') },
  });
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore, endpointName: 'watched' });
  const props = { endpoint, url, signals: [OtlpSignal.METRICS], features: ['amount', 'age'], webhookSecret: secret, webhookSecretField: 'webhook' };
  const otlp = new OtlpModelMonitor(stack, 'Monitor', { ...props, auth: Auth.basic('ml', secret, 'password') });
  const monitor: IDriftMonitor = otlp;
  const stranger = new OtlpModelMonitor(stack, 'Stranger', { ...props, auth: Auth.basic('ml', secret, 'wrong') });
  const [drift, unhealthy] = [new sqs.Queue(stack, 'Drift'), new sqs.Queue(stack, 'Unhealthy')];
  monitor.onDrift('Drift', new targets.SqsQueue(drift));
  monitor.onUnhealthy('Unhealthy', new targets.SqsQueue(unhealthy));
  const waiting = stranger.node.findChild('Traffic').node.findChild('Captured') as sqs.Queue;
  const outputs = { DriftUrl: drift.queueUrl, UnhealthyUrl: unhealthy.queueUrl, WebhookUrl: otlp.webhookUrl, RefusedUrl: waiting.queueUrl };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
  return { Deploy: endpoint.deploy(stack, 'Deploy', { version: given('version'), modelUri: given('modelUri'), image: SageMakerImage.scikitLearn().bind(stack).uri, store: artifactStore }) };
});
