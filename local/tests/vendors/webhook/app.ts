/** State machines that post signed alerts, and an ingress that takes one kind of them; the addresses are JSON by name. */
import { CfnOutput, SecretValue } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as events from 'aws-cdk-lib/aws-events';
import { Auth, IAlerter, WebhookAlerter, WebhookIngress, WebhookSignature } from '../../../../lib';
import { app, given } from '../app';

app('webhook', (stack, addresses) => {
  const at: { [name: string]: string } = JSON.parse(addresses);
  const secret = new secretsmanager.Secret(stack, 'Secret', {
    secretObjectValue: { standard: SecretValue.unsafePlainText('whsec_c2lnbmluZy1vZi10aGUtdGVzdA=='), github: SecretValue.unsafePlainText('signing-of-the-test'), wrong: SecretValue.unsafePlainText('another') },
  });
  const standard = Auth.signed(secret, WebhookSignature.standard(), 'standard');
  const alerters: { [id: string]: IAlerter } = {
    Standard: new WebhookAlerter(stack, 'StandardAlerter', { url: `${at.standard}/hook`, auth: standard }),
    Github: new WebhookAlerter(stack, 'GithubAlerter', { url: `${at.github}/hook`, auth: Auth.signed(secret, WebhookSignature.hmac('X-Hub-Signature-256', 'sha256='), 'github') }),
    Ours: new WebhookAlerter(stack, 'OurAlerter', { url: `${at.ours}/`, auth: standard }),
    Stranger: new WebhookAlerter(stack, 'StrangerAlerter', { url: `${at.ours}/`, auth: Auth.signed(secret, WebhookSignature.standard(), 'wrong') }),
  };
  const ingress = new WebhookIngress(stack, 'Ingress', { secret, secretField: 'standard', signature: WebhookSignature.standard() });
  const told = new sqs.Queue(stack, 'Told');
  new events.Rule(stack, 'Tell', { eventBus: ingress.bus, eventPattern: ingress.pattern, targets: [new targets.SqsQueue(told, { message: events.RuleTargetInput.fromEventPath('$.detail') })] });
  new CfnOutput(stack, 'ToldUrl', { value: told.queueUrl });
  new CfnOutput(stack, 'WebhookUrl', { value: ingress.url });
  return Object.fromEntries(Object.entries(alerters).map(([id, alerter]) => [id, alerter.notify(stack, `Tell${id}`, { subject: given('subject'), message: 'größer, <b> & "so"' })]));
});
