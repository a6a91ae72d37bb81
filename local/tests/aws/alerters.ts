/** Prints the template of a stack with one state machine for each alerter that calls a vendor, here the address that is given. */
import { App, CfnOutput, LegacyStackSynthesizer, SecretValue, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Auth, IAlerter, PagerDutyAlerter, SlackAlerter, WebhookAlerter } from '../../../lib';

const url = process.argv[2];
const stack = new Stack(new App(), 'alerters', { synthesizer: new LegacyStackSynthesizer() });
const secret = new secretsmanager.Secret(stack, 'Secret', { secretObjectValue: { key: SecretValue.unsafePlainText('s3cr3t') } });
const alerters: { [name: string]: IAlerter } = {
  Slack: new SlackAlerter(stack, 'SlackAlerter', { channel: '#ml', token: secret, tokenField: 'key', url }),
  PagerDuty: new PagerDutyAlerter(stack, 'PagerDutyAlerter', { routingKey: secret, routingKeyField: 'key', url }),
  Webhook: new WebhookAlerter(stack, 'WebhookAlerter', { url: `${url}/hooks/ml`, auth: Auth.basic('ml', secret, 'key') }),
};
for (const [name, alerter] of Object.entries(alerters)) {
  const notify = alerter.notify(stack, `Notify${name}`, { subject: 'A & B', message: "{% 'Run ' & $states.context.Execution.Input.runId %}" });
  const { stateMachineArn } = new sfn.StateMachine(stack, name, { definitionBody: sfn.DefinitionBody.fromChainable(notify), queryLanguage: sfn.QueryLanguage.JSONATA });
  new CfnOutput(stack, `Arn${name}`, { value: stateMachineArn }).overrideLogicalId(name);
}
console.log(JSON.stringify(Template.fromStack(stack).toJSON()));
