/** An endpoint whose captured traffic goes to Fiddler as a Partner AI App, which is asked for the alerts of a rule. */
import { CfnOutput, SecretValue } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { DeployableSageMakerEndpoint, FiddlerPartnerAppModelMonitor, IDriftMonitor, SageMakerImage } from '../../../../lib';
import { app, given } from '../app';

app('fiddler-partner-app', (stack, addresses, artifactStore) => {
  const [url, appArn, model, rule] = addresses.split(' ');
  const apiKey = new secretsmanager.Secret(stack, 'Secret', { secretObjectValue: { key: SecretValue.unsafePlainText('key-of-the-test') } });
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore, endpointName: 'signed' });
  const monitor: IDriftMonitor = new FiddlerPartnerAppModelMonitor(stack, 'Monitor', {
    endpoint, appArn, url, model, alertRules: { 'amount drifts': rule }, apiKey, apiKeyField: 'key', features: ['amount', 'age'], predictionColumn: 'sum',
  });
  const drift = new sqs.Queue(stack, 'Drift');
  monitor.onDrift('Drift', new targets.SqsQueue(drift));
  const machine = monitor.node.findChild('Verdicts').node.findChild('Machine') as sfn.StateMachine;
  const asking = monitor.node.findChild('Request').node.findChild('Function') as lambda.Function;
  for (const [name, value] of Object.entries({ DriftUrl: drift.queueUrl, Ask: machine.stateMachineArn, Asking: asking.functionName })) new CfnOutput(stack, name, { value });
  return { Deploy: endpoint.deploy(stack, 'Deploy', { version: given('version'), modelUri: given('modelUri'), image: SageMakerImage.scikitLearn().bind(stack).uri, store: artifactStore }) };
});
