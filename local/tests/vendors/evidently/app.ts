/** An endpoint whose captured traffic goes to a collector of Evidently; the workspace that holds the results is asked every minute. */
import { CfnOutput, Duration, SecretValue } from 'aws-cdk-lib';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { DeployableSageMakerEndpoint, EvidentlyModelMonitor, IDriftMonitor, SageMakerImage } from '../../../../lib';
import { app, given } from '../app';

app('evidently', (stack, addresses, artifactStore) => {
  const [url, collectorUrl, project] = addresses.split(' ');
  const secret = new secretsmanager.Secret(stack, 'Secret', { secretObjectValue: { secret: SecretValue.unsafePlainText('s3cr3t') } });
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore, endpointName: 'judged' });
  const monitor: IDriftMonitor = new EvidentlyModelMonitor(stack, 'Monitor', {
    endpoint, url, collectorUrl, project, collector: 'fraud', secret, secretField: 'secret', features: ['amount', 'age'], interval: Duration.minutes(1),
  });
  const [drift, unhealthy] = [new sqs.Queue(stack, 'Drift'), new sqs.Queue(stack, 'Unhealthy')];
  monitor.onDrift('Drift', new targets.SqsQueue(drift));
  monitor.onUnhealthy('Unhealthy', new targets.SqsQueue(unhealthy));
  const machine = monitor.node.findChild('Verdicts').node.findChild('Machine') as sfn.StateMachine;
  for (const [name, value] of Object.entries({ DriftUrl: drift.queueUrl, UnhealthyUrl: unhealthy.queueUrl, Ask: machine.stateMachineArn })) new CfnOutput(stack, name, { value });
  return { Deploy: endpoint.deploy(stack, 'Deploy', { version: given('version'), modelUri: given('modelUri'), image: SageMakerImage.scikitLearn().bind(stack).uri, store: artifactStore }) };
});
