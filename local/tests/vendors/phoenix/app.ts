/** An endpoint whose captured traffic goes to Phoenix, by an API key; another monitor has a wrong one. */
import { CfnOutput, SecretValue } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { DeployableSageMakerEndpoint, IModelMonitor, PhoenixModelMonitor, SageMakerImage } from '../../../../lib';
import { app, given } from '../app';

app('phoenix', (stack, addresses, artifactStore) => {
  const [url, key] = addresses.split(' ');
  const apiKey = new secretsmanager.Secret(stack, 'Secret', { secretObjectValue: { key: SecretValue.unsafePlainText(key), wrong: SecretValue.unsafePlainText('wrong') } });
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore, endpointName: 'traced' });
  const props = { endpoint, url, project: 'fraud', features: ['amount', 'region'], apiKey };
  const monitor: IModelMonitor = new PhoenixModelMonitor(stack, 'Monitor', { ...props, apiKeyField: 'key' });
  const stranger = new PhoenixModelMonitor(stack, 'Stranger', { ...props, apiKeyField: 'wrong' });
  const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const outputs = {
    Variables: stack.toJsonString(monitor.bind(client).variables),
    CapturedUrl: (monitor.node.findChild('Traffic').node.findChild('Captured') as sqs.Queue).queueUrl,
    Log: (monitor.node.findChild('Traffic').node.findChild('ForwarderLog') as logs.LogGroup).logGroupName,
    StrangersLog: (stranger.node.findChild('Traffic').node.findChild('ForwarderLog') as logs.LogGroup).logGroupName,
  };
  for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
  return { Deploy: endpoint.deploy(stack, 'Deploy', { version: given('version'), modelUri: given('modelUri'), image: SageMakerImage.scikitLearn().bind(stack).uri, store: artifactStore }) };
});
