import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { IModelEndpoint, S3ArtifactStore, SageMakerImage, SageMakerModelEndpoint } from '../../lib';
import { execute } from '../support/machine';
import { allowed, definition, resource, resourcesOf, states } from '../support/template';
import { fixture, withMachine } from './fixture';

const IMAGE = '000000000000.dkr.ecr.us-east-1.amazonaws.com/serve:1';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

test('minimal: plain CloudFormation, with capture, rollback and the scikit-learn image', () => {
  const { stack, store } = fixture();
  const endpoint = new SageMakerModelEndpoint(stack, 'Endpoint', { artifactStore: store, modelUri: store.uriFor('model.tar.gz') });
  const template = Template.fromStack(stack);

  const model = resource(template, 'AWS::SageMaker::Model');
  expect(model.Properties).toEqual({
    ExecutionRoleArn: expect.stringMatching(/^<EndpointRole.*\.Arn>$/),
    PrimaryContainer: {
      Image: expect.stringMatching(/sagemaker-scikit-learn:1\.4-2-cpu-py3$/), ModelDataUrl: expect.stringMatching(/^s3:\/\/<Store.*>\/model\.tar\.gz$/),
      Environment: { SAGEMAKER_PROGRAM: 'inference.py', SAGEMAKER_SUBMIT_DIRECTORY: '/opt/ml/model/code' },
    },
  });
  // SageMaker reads the model when it makes the endpoint, with permissions that must be there.
  expect(model.DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^EndpointRoleDefaultPolicy/)]));
  expect(resource(template, 'AWS::SageMaker::EndpointConfig').Properties).toMatchObject({
    ProductionVariants: [{ VariantName: 'AllTraffic', ModelName: expect.stringMatching(/^<EndpointModel.*\.ModelName>$/), InstanceType: 'ml.m5.large', InitialInstanceCount: 1 }],
    DataCaptureConfig: { EnableCapture: true, InitialSamplingPercentage: 100, CaptureOptions: [{ CaptureMode: 'Input' }, { CaptureMode: 'Output' }] },
  });
  expect(resource(template, 'AWS::SageMaker::Endpoint').Properties).toEqual({
    EndpointName: endpoint.endpointName, EndpointConfigName: expect.stringMatching(/^<EndpointConfig.*\.EndpointConfigName>$/),
    DeploymentConfig: {
      BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE', WaitIntervalInSeconds: 300 }, MaximumExecutionTimeoutInSeconds: 3600 },
      AutoRollbackConfiguration: { Alarms: [{ AlarmName: expect.stringMatching(/^<EndpointErrorAlarm/) }] },
    },
  });
  expect(resourcesOf(template, 'EndpointRole', 'cloudwatch:DescribeAlarms')).toEqual([expect.stringMatching(/^<EndpointErrorAlarm.*\.Arn>$/)]);
});

test('maximal: an image and a store of its own', () => {
  const { stack, store } = fixture();
  const models = S3ArtifactStore.fromBucket(stack, 'Models', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'models') });
  new SageMakerModelEndpoint(stack, 'Endpoint', {
    artifactStore: store, modelStore: models, modelUri: 's3://models/model.tar.gz', image: SageMakerImage.fromUri(IMAGE), images: undefined, capturePercentage: 0, networkIsolation: true,
  });
  const template = Template.fromStack(stack);

  expect(resource(template, 'AWS::SageMaker::Model').Properties).toMatchObject({ EnableNetworkIsolation: true, PrimaryContainer: { Image: IMAGE, ModelDataUrl: 's3://models/model.tar.gz' } });
  expect(resource(template, 'AWS::SageMaker::EndpointConfig').Properties.DataCaptureConfig.EnableCapture).toBe(false);
  expect(resourcesOf(template, 'EndpointRole', 's3:GetObject')).toEqual(['arn:aws:s3:::models/*']);
  expect(resourcesOf(template, 'EndpointRole', 'ecr:BatchGetImage')).toEqual(['arn:aws:ecr:us-east-1:000000000000:repository/serve']);
});

test('a model address that is none is refused', () => {
  const { stack, store } = fixture();

  expect(() => new SageMakerModelEndpoint(stack, 'Endpoint', { artifactStore: store, modelUri: 'model.tar.gz' })).toThrow(new Error("'modelUri' must be an s3:// address, got 'model.tar.gz'"));
});

describe('an endpoint that exists', () => {
  const stack = new Stack(new App(), 'test');
  const endpoint: IModelEndpoint = SageMakerModelEndpoint.fromEndpointName(stack, 'Endpoint', 'Theirs');
  const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const binding = endpoint.bind(client);
  const template = withMachine(stack, endpoint.infer(stack, 'Predict', { instances: '{% $states.context.Execution.Input.rows %}' }));
  const arn = 'arn:aws:sagemaker:us-east-1:000000000000:endpoint/Theirs';

  test('binds by its name, with the right to invoke it', () => {
    expect(binding).toEqual({ provider: 'sagemaker', address: 'Theirs', variables: { SAGEMAKER_ENDPOINT_NAME: 'Theirs' } });
    expect(allowed(template, 'Client')).toEqual([{ actions: ['sagemaker:InvokeEndpoint'], resources: [arn], condition: undefined }]);
  });

  test.each([
    [[[1, 2], [3.5, -4]], '1,2\n3.5,-4'],
    [[[5]], '5'],
    [[[5], [6]], '5\n6'],
    [[[0.1, 1e-9, 123456789.123]], '0.1,1e-9,123456789.123'],
  ])('predicts %j', async (rows, body) => {
    const bodies: string[] = [];
    const { output } = await execute(definition(template, 'Machine'), (_name, { Body }) => {
      bodies.push(Body);
      return { Body: JSON.stringify(rows.map(() => 0.5)) };
    }, { rows });

    expect(bodies).toEqual([body]);
    expect(output).toEqual({ predictions: rows.map(() => 0.5) });
  });

  test('makes nothing, and may do nothing else', () => {
    expect(Object.keys(states(definition(template, 'Machine'))).filter(name => name.includes(': answer'))).toEqual(['Predict: answer']);
    template.resourceCountIs('AWS::SageMaker::Endpoint', 0);
    expect(resourcesOf(template, 'MachineRole', 'sagemaker:InvokeEndpoint')).toEqual([arn]);
  });

  test('a name that is none is refused', () => {
    expect(() => SageMakerModelEndpoint.fromEndpointName(stack, 'Bad', 'a_b')).toThrow(new Error("'endpointName' must be at most 63 letters, digits and -, got 'a_b'"));
  });
});
