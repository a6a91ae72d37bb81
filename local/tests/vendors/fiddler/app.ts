/** An endpoint whose captured traffic goes to Fiddler, which is asked for the alerts of a rule. */
import { CfnOutput, SecretValue } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { DeployableSageMakerEndpoint, FiddlerModelMonitor, IDriftMonitor, SageMakerImage } from '../../../../lib';
import { app, given } from '../app';

app('fiddler', (stack, addresses, artifactStore) => {
  const [url, model, rule, other] = addresses.split(' ');
  const apiKey = new secretsmanager.Secret(stack, 'Secret', { secretObjectValue: { key: SecretValue.unsafePlainText('key-of-the-test') } });
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore, endpointName: 'published' });
  const monitor: IDriftMonitor = new FiddlerModelMonitor(stack, 'Monitor', {
    endpoint, url, model, alertRules: { 'amount drifts': rule, 'age drifts': other }, apiKey, apiKeyField: 'key', features: ['amount', 'age'], predictionColumn: 'sum',
  });
  const [drift, unhealthy] = [new sqs.Queue(stack, 'Drift'), new sqs.Queue(stack, 'Unhealthy')];
  monitor.onDrift('Drift', new targets.SqsQueue(drift));
  monitor.onUnhealthy('Unhealthy', new targets.SqsQueue(unhealthy));
  const machine = monitor.node.findChild('Verdicts').node.findChild('Machine') as sfn.StateMachine;
  for (const [name, value] of Object.entries({ DriftUrl: drift.queueUrl, UnhealthyUrl: unhealthy.queueUrl, Ask: machine.stateMachineArn })) new CfnOutput(stack, name, { value });
  return { Deploy: endpoint.deploy(stack, 'Deploy', { version: given('version'), modelUri: given('modelUri'), image: SageMakerImage.scikitLearn().bind(stack).uri, store: artifactStore }) };
});
