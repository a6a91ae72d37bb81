import { App, Stack } from 'aws-cdk-lib';
import { EventField } from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sns from 'aws-cdk-lib/aws-sns';
import { ComponentEvent, WebhookIngress, WebhookSignature } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const signing = secretsmanager.Secret.fromSecretNameV2(stack, 'Signing', 'acme/webhooks');
const topic = new sns.Topic(stack, 'Approvals');

const ingress = new WebhookIngress(stack, 'Ingress', {
  secret: signing,
  signature: WebhookSignature.standard(),
});
new ComponentEvent(stack, 'Approved', {
  eventBus: ingress.bus,
  pattern: { ...ingress.pattern, detail: { type: ['version.approved'] } },
  payload: { version: EventField.fromPath('$.detail.version'), status: 'Approved', at: EventField.fromPath('$.detail.timestamp') },
  target: new targets.SnsTopic(topic),
});
