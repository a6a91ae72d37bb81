/** An endpoint whose captured traffic goes to a whylogs container, while WhyLabs is asked for the results. */
import { CfnOutput, SecretValue } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { DeployableSageMakerEndpoint, IDriftMonitor, SageMakerImage, WhyLabsModelMonitor } from '../../../../lib';
import { app, given } from '../app';

app('whylabs', (stack, url, artifactStore) => {
  const secret = (id: string, value: string) => new secretsmanager.Secret(stack, id, { secretStringValue: SecretValue.unsafePlainText(value) });
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore, endpointName: 'profiled' });
  const monitor: IDriftMonitor = new WhyLabsModelMonitor(stack, 'Monitor', {
    endpoint, url, organization: 'org-0', dataset: 'model-1', apiKey: secret('Key', 'key-of-the-test'), features: ['amount', 'age'],
    containerUrl: url, containerPassword: secret('Password', 'password-of-the-test'),
  });
  const [drift, unhealthy] = [new sqs.Queue(stack, 'Drift'), new sqs.Queue(stack, 'Unhealthy')];
  monitor.onDrift('Drift', new targets.SqsQueue(drift));
  monitor.onUnhealthy('Unhealthy', new targets.SqsQueue(unhealthy));
  const machine = monitor.node.findChild('Verdicts').node.findChild('Machine') as sfn.StateMachine;
  for (const [name, value] of Object.entries({ DriftUrl: drift.queueUrl, UnhealthyUrl: unhealthy.queueUrl, Ask: machine.stateMachineArn })) new CfnOutput(stack, name, { value });
  return { Deploy: endpoint.deploy(stack, 'Deploy', { version: given('version'), modelUri: given('modelUri'), image: SageMakerImage.scikitLearn().bind(stack).uri, store: artifactStore }) };
});
