/** What jobs that use the components have in their environment, and state machines that train and alert; the addresses are JSON by name. */
import { CfnOutput, Duration, SecretValue, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import {
  Auth, ClearMlExperimentTracker, CometExperimentTracker, CometPartnerAppExperimentTracker, DatabricksExperimentTracker, DatabricksModelTrainer, DatabricksWorkspace, DatadogAlerter,
  Environment, IAlerter, IComponent, MirroredTracker, MlflowExperimentTracker, PagerDutyAlerter, SlackAlerter, WandbExperimentTracker,
} from '../../../../lib';
import { app } from '../app';

app('sdks', (stack, addresses, artifactStore) => {
  const at: { [name: string]: string } = JSON.parse(addresses);
  const secret = new secretsmanager.Secret(stack, 'Secret', {
    secretObjectValue: { key: SecretValue.unsafePlainText('1824812581259009ca9981580f8f8a9012409eee'), access: SecretValue.unsafePlainText('access-of-the-test'), secret: SecretValue.unsafePlainText('secret-of-the-test') },
  });
  const key = { apiKey: secret, apiKeyField: 'key' };
  const databricks = { url: at.databricks, experiment: '/Shared/churn' };
  const jobs = (id: string, job: number) => new DatabricksModelTrainer(stack, id, { url: at.databricks, job, artifactStore, auth: Auth.bearer(secret, 'key') });
  const [ending, endless] = [jobs('Ending', 411), jobs('Endless', 412)];
  const wandb = new WandbExperimentTracker(stack, 'Wandb', { ...key, url: at.wandb, entity: 'acme', project: 'churn' });
  const mlflow = new MlflowExperimentTracker(stack, 'Mlflow', { url: at.databricks, auth: Auth.bearer(secret, 'key'), experiment: '/Shared/churn' });
  output(stack, {
    wandb,
    comet: new CometExperimentTracker(stack, 'Comet', { ...key, url: at.comet, workspace: 'acme', project: 'churn' }),
    partner: CometPartnerAppExperimentTracker.fromApp(stack, 'PartnerApp', { ...key, appArn: 'arn:aws:sagemaker:us-east-1:000000000000:partner-app/app-ABCDEF123456', url: at.comet }),
    clearml: new ClearMlExperimentTracker(stack, 'ClearMl', { credentials: secret, accessKeyField: 'access', secretKeyField: 'secret', url: at.clearml, webUrl: at.clearml, filesUrl: at.clearml }),
    token: new DatabricksExperimentTracker(stack, 'Token', { ...databricks, auth: Auth.bearer(secret, 'key') }),
    principal: new DatabricksExperimentTracker(stack, 'Principal', { ...databricks, auth: DatabricksWorkspace.servicePrincipal('client-of-the-test', secret, 'secret') }),
    jobs: ending,
    mirrored: new MirroredTracker(stack, 'Mirrored', { primary: mlflow, secondary: wandb }),
  });
  const alerters: { [name: string]: IAlerter } = {
    Slack: new SlackAlerter(stack, 'SlackAlerter', { url: at.slack, channel: '#ml', token: secret, tokenField: 'key' }),
    PagerDuty: new PagerDutyAlerter(stack, 'PagerDutyAlerter', { url: at.pagerduty, routingKey: secret, routingKeyField: 'key' }),
    Datadog: new DatadogAlerter(stack, 'DatadogAlerter', { url: at.datadog, ...key, tags: ['team:ml'] }),
  };
  return {
    ...Object.fromEntries(Object.entries(alerters).map(([id, alerter]) => [id, alerter.notify(stack, `${id}Notify`, { subject: 'A drift', message: 'Of the run' })])),
    Train: ending.train(stack, 'Train', { hyperparameters: { alpha: '0.5' } }),
    Late: endless.train(stack, 'Late', { timeout: Duration.seconds(20) }),
  };
});

/** What SageMaker would give a job. */
function output(stack: Stack, components: { [name: string]: IComponent }): void {
  for (const [name, component] of Object.entries(components)) {
    const job = new iam.Role(stack, `${component.node.id}Job`, { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com') });
    new CfnOutput(stack, `${component.node.id}Variables`, { value: stack.toJsonString(Environment.of(job, component).inline) }).overrideLogicalId(name);
  }
}
