import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Nobody } from '../../constructs/core/grants';
import { DeployableSageMakerEndpoint, FiddlerPartnerAppModelMonitor, FiddlerPartnerAppModelMonitorProps, S3ArtifactStore } from '../../lib';
import { resource, resourcesOf } from '../support/template';

const APP = 'arn:aws:sagemaker:eu-west-1:123456789012:partner-app/app-ABC123';

function made(props: Partial<FiddlerPartnerAppModelMonitorProps> = {}): FiddlerPartnerAppModelMonitor {
  const stack = new Stack(new App(), 'test');
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: new S3ArtifactStore(stack, 'Store'), endpointName: 'fraud' });
  return new FiddlerPartnerAppModelMonitor(stack, 'Monitor', {
    endpoint, appArn: APP, url: 'https://app-abc123.acme.dev/', model: 'd30bc065-a2ca-461e-bdcc-56d47c85d2a3', alertRules: { 'amount drifts': '1d7f6e2c-39a1-4b0e-9a66-0c5a9f1d2b3c' },
    apiKey: secretsmanager.Secret.fromSecretNameV2(stack, 'Key', 'fiddler'), ...props,
  });
}

test.each(['MonitorTrafficForwarder', 'MonitorRequestFunction'])('%s signs by its role, which may call the app alone, and hands the key on', id => {
  const template = Template.fromStack(Stack.of(made()));
  const { Variables } = resource(template, 'AWS::Lambda::Function', id).Properties.Environment;

  expect(JSON.parse(Variables.CREDENTIALS)).toEqual({
    headers: { 'X-SageMaker-Partner-App-Server-Arn': APP, 'X-Amz-Target': 'SageMaker.CallPartnerAppApi', 'X-Amz-Partner-App-Authorization': 'Bearer ${CREDENTIAL}' },
    signature: { region: 'eu-west-1', service: 'sagemaker' },
  });
  expect(resourcesOf(template, `${id}Role`, 'sagemaker:CallPartnerAppApi')).toEqual([APP]);
});

test('the binding is for a client of the app', () => {
  const { provider, address, variables, secrets } = made().bind(new Nobody());

  expect({ provider, address, variables }).toEqual({
    provider: 'fiddler-partner-app', address: APP,
    variables: {
      AWS_PARTNER_APP_AUTH: 'true', AWS_PARTNER_APP_ARN: APP, AWS_PARTNER_APP_URL: 'https://app-abc123.acme.dev', FIDDLER_URL: 'https://app-abc123.acme.dev',
      FIDDLER_MODEL_ID: 'd30bc065-a2ca-461e-bdcc-56d47c85d2a3',
    },
  });
  expect(Object.keys(secrets ?? {})).toEqual(['FIDDLER_API_KEY']);
});

test.each<[string, any]>([
  ["'appArn' must be a Partner AI App's ARN, arn:aws:sagemaker:<region>:<account>:partner-app/<id>, got 'fiddler'", { appArn: 'fiddler' }],
  ["'model' must be the id of a model, a UUID, got 'fraud'", { model: 'fraud' }],
  ["'url' must be an https:// URL", { url: 'acme.dev' }],
])('%s', (message, props) => {
  expect(() => made(props)).toThrow(message);
});
