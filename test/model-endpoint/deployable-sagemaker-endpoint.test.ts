import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import { DeployableSageMakerEndpoint, DeployableSageMakerEndpointProps, SageMakerImage } from '../../lib';
import { allowed, definition, resource, resourcesOf, states } from '../support/template';
import { error, execute } from '../support/machine';
import { FakeSageMaker, fixture, withMachine } from './fixture';

const IMAGE = '000000000000.dkr.ecr.us-east-1.amazonaws.com/serve:1';

/** The template of a stack with an endpoint that a version is deployed to. */
function deployed(props: Partial<DeployableSageMakerEndpointProps> = {}, sample?: any, timeout?: Duration): Template {
  const { stack, store } = fixture();
  const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: store, ...props });
  return withMachine(stack, endpoint.deploy(stack, 'Deploy', {
    version: '{% $states.context.Execution.Input.version %}', modelUri: 's3://models/model.tar.gz', image: IMAGE, store, sample, timeout,
  }));
}

const template = deployed({}, [[1.5, 2]]);
const asl = definition(template, 'Machine');
const arguments_ = Object.fromEntries(Object.entries(states(asl)).filter(([, { Arguments }]) => Arguments).map(([name, { Arguments }]) => [name.replace('Deploy: ', ''), Arguments]));

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

const deploy = (sagemaker: FakeSageMaker, version = 'version/1', machine = asl) => execute(machine, sagemaker.answer, { version });
const named = (execution: { calls: string[] }) => execution.calls.map(call => call.replace('Deploy: ', ''));

describe('the deploy step', () => {
  test('makes the endpoint at the first deployment', async () => {
    const sagemaker = new FakeSageMaker();
    const execution = await deploy(sagemaker);

    expect(execution.output).toEqual({ endpoint: arguments_.created.EndpointName, version: 'version/1' });
    expect(named(execution)).toEqual(['model', 'config', 'before', 'created', 'after', 'after', 'after', 'answered']);
    expect(sagemaker.made).toEqual([`model ${sagemaker.config}`, `config ${sagemaker.config}`]);
  });

  test('updates it for another version, and sends the sample while it bakes', async () => {
    const sagemaker = new FakeSageMaker('InService', 'old');
    const execution = await deploy(sagemaker);

    expect(named(execution)).toEqual(['model', 'config', 'before', 'updated', 'baked', 'after', 'baked', 'after', 'baked', 'after', 'answered']);
    expect(sagemaker.config).toBe(sagemaker.made[0].replace('model ', ''));
  });

  test('changes nothing for the version that is served already', async () => {
    const sagemaker = new FakeSageMaker();
    await deploy(sagemaker);
    const again = await deploy(sagemaker);

    expect(named(again)).toEqual(['model', 'config', 'before', 'after', 'answered']);
    expect(sagemaker.made).toHaveLength(2);
  });

  test('waits for an update that another has started', async () => {
    const sagemaker = new FakeSageMaker();
    await deploy(sagemaker);
    sagemaker.answer('', { EndpointConfigName: 'by-hand' }, 'x:updateEndpoint');
    const execution = await deploy(sagemaker, 'version/2');

    expect(named(execution)).toEqual(expect.arrayContaining(['before', 'before', 'before', 'updated']));
    expect(execution.output.version).toBe('version/2');
  });

  test('deletes an endpoint that has failed, and makes it anew', async () => {
    const execution = await deploy(new FakeSageMaker('Failed', 'old'));

    expect(named(execution)).toEqual(['model', 'config', 'before', 'removed', 'gone', 'gone', 'created', 'after', 'after', 'after', 'answered']);
  });

  test('fails when an alarm rolls the update back, with what SageMaker says', async () => {
    const sagemaker = new FakeSageMaker('InService', 'old');
    sagemaker.outcome = 'Failed';
    const execution = await deploy(sagemaker);

    expect(execution.error).toEqual({ Error: 'Mlops.Failed', Cause: `Deploy: endpoint ${arguments_.created.EndpointName} is InService on old: the alarm fired (log: /aws/sagemaker/Endpoints/${arguments_.created.EndpointName})` });
    expect(sagemaker.config).toBe('old');
  });

  test('fails when the first version does not come up', async () => {
    const sagemaker = new FakeSageMaker();
    sagemaker.outcome = 'Failed';

    expect((await deploy(sagemaker)).error?.Cause).toMatch(/is Failed on .*: the alarm fired/);
  });

  test('fails when the version does not answer the sample in the end', async () => {
    const sagemaker = new FakeSageMaker('InService', 'old');
    const execution = await execute(asl, (name, request, integration) => {
      if (integration.endsWith('invokeEndpoint')) throw error('SageMakerRuntime.ModelErrorException', 'Received server error (500)');
      return sagemaker.answer(name, request, integration);
    }, { version: 'version/1' });

    // While it bakes, a failed request is what the alarm counts, not the step.
    expect(named(execution).filter(name => name === 'baked')).toHaveLength(3);
    expect(execution.error?.Error).toBe('Mlops.Failed');
    expect(execution.error?.Cause).toMatch(/^Deploy: SageMakerRuntime.ModelErrorException: Received server error \(500\)/);
  });

  test('a missing permission is not taken for a missing endpoint', async () => {
    const execution = await execute(asl, (name, request, integration) => {
      if (integration.endsWith('describeEndpoint')) throw error('SageMaker.SageMakerException', 'User is not authorized to perform: sagemaker:DescribeEndpoint');
      return new FakeSageMaker().answer(name, request, integration);
    }, { version: 'version/1' });

    expect(execution.error?.Error).toBe('Mlops.Unauthorized');
    expect(execution.error?.Cause).toContain('sagemaker:DescribeEndpoint');
    expect(named(execution)).not.toContain('created');
  });

  test('has one deadline for everything', async () => {
    const machine = definition(deployed({}, undefined, Duration.minutes(20)), 'Machine');
    const execution = await deploy(new FakeSageMaker('InService', 'old', 1000), 'version/1', machine);

    expect(execution.error?.Error).toBe('Mlops.Timeout');
    expect(execution.error?.Cause).toMatch(/^Deploy: no end after 1200 s/);
    expect(Date.now() - Date.parse('2026-01-01')).toBeLessThan(1240_000);
  });

  test('names model and config after the version, the model, the image and the settings', async () => {
    const name = async (machine: any, version: string) => {
      const sagemaker = new FakeSageMaker();
      await deploy(sagemaker, version, machine);
      return sagemaker.config!;
    };
    const larger = definition(deployed({ instanceType: 'ml.m5.xlarge' }, [[1.5, 2]]), 'Machine');
    const names = [await name(asl, 'version/1'), await name(asl, 'version/2'), await name(larger, 'version/1')];

    expect(new Set(names).size).toBe(3);
    for (const one of names) expect(one).toMatch(new RegExp(`^${arguments_.created.EndpointName}-[0-9a-f]{12}$`));
    expect(await name(asl, 'version/1')).toBe(names[0]);
  });

  test('sends SageMaker these arguments', () => {
    const tags = [{ Key: 'mlops:endpoint', Value: arguments_.created.EndpointName }];
    expect(arguments_.model).toEqual({
      ModelName: '{% $name %}', ExecutionRoleArn: expect.stringMatching(/^<EndpointRole.*\.Arn>$/),
      PrimaryContainer: { Image: IMAGE, ModelDataUrl: 's3://models/model.tar.gz', Environment: { SAGEMAKER_PROGRAM: 'inference.py', SAGEMAKER_SUBMIT_DIRECTORY: '/opt/ml/model/code' } },
      Tags: tags,
    });
    expect(arguments_.config).toEqual({
      EndpointConfigName: '{% $name %}', Tags: tags,
      ProductionVariants: [{ VariantName: 'AllTraffic', ModelName: '{% $name %}', InstanceType: 'ml.m5.large', InitialInstanceCount: 1, InitialVariantWeight: 1 }],
      DataCaptureConfig: {
        EnableCapture: true, InitialSamplingPercentage: 100, DestinationS3Uri: expect.stringMatching(/^s3:\/\/<Store.*>\/capture$/), KmsKeyId: expect.stringMatching(/^<StoreKey.*\.Arn>$/),
        CaptureOptions: [{ CaptureMode: 'Input' }, { CaptureMode: 'Output' }], CaptureContentTypeHeader: { CsvContentTypes: ['text/csv'], JsonContentTypes: ['application/json'] },
      },
    });
    expect(arguments_.updated).toEqual({
      EndpointName: arguments_.created.EndpointName, EndpointConfigName: '{% $name %}',
      DeploymentConfig: {
        BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE', WaitIntervalInSeconds: 300 }, MaximumExecutionTimeoutInSeconds: 3600 },
        AutoRollbackConfiguration: { Alarms: [{ AlarmName: expect.stringMatching(/^<EndpointErrorAlarm.*>$/) }] },
      },
    });
  });

  test('sends the sample as CSV', async () => {
    const bodies: string[] = [];
    const sagemaker = new FakeSageMaker();
    await execute(asl, (name, request, integration) => {
      if (request.Body) bodies.push(request.Body);
      return sagemaker.answer(name, request, integration);
    }, { version: 'version/1' });

    expect(bodies).toEqual(['1.5,2']);
  });

  test('needs an image', () => {
    const { stack, store } = fixture();
    const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: store });

    expect(() => endpoint.deploy(stack, 'Deploy', { version: '1', modelUri: 's3://models/model.tar.gz', store }))
      .toThrow(new Error("'image' must be given to deploy to 'test/Endpoint', got none: a SageMaker model runs in a container"));
  });
});

describe('permissions', () => {
  const arn = (type: string, name: string) => `arn:aws:sagemaker:us-east-1:000000000000:${type}/${name}`;
  const name = arguments_.created.EndpointName;

  test('the machine may do what the step does, to what belongs to the endpoint', () => {
    // The sweep's reference is the endpoint's name; it has the pipeline go before the sweep.
    const [model, config, endpoint] = [arn('model', `${name}-*`), arn('endpoint-config', `${name}-*`), expect.stringMatching(/endpoint\/<EndpointAtDestroy.*>$/)];
    expect(Object.fromEntries(['CreateModel', 'CreateEndpointConfig', 'DescribeEndpoint', 'DeleteEndpoint', 'CreateEndpoint', 'UpdateEndpoint', 'AddTags']
      .map(action => [action, resourcesOf(template, 'MachineRole', `sagemaker:${action}`)]))).toEqual({
      CreateModel: [model], CreateEndpointConfig: [config], DescribeEndpoint: [endpoint], DeleteEndpoint: [endpoint], CreateEndpoint: [config, endpoint],
      UpdateEndpoint: [config, endpoint], AddTags: [config, endpoint, model],
    });
    expect(resourcesOf(template, 'MachineRole', 'sagemaker:InvokeEndpoint')).toEqual([arn('endpoint', name)]);
    expect(allowed(template, 'MachineRole').find(({ actions }) => actions.includes('iam:PassRole'))).toEqual({
      actions: ['iam:PassRole'], resources: [expect.stringMatching(/^<EndpointRole.*\.Arn>$/)], condition: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } },
    });
  });

  test("the model's role may read models, write what is captured, and read its alarms", () => {
    expect(resourcesOf(template, 'EndpointRole', 's3:GetObject')).toEqual([expect.stringMatching(/^<Store.*\.Arn>\/training\/\*$/)]);
    expect(resourcesOf(template, 'EndpointRole', 's3:PutObject')).toEqual([expect.stringMatching(/^<Store.*\.Arn>\/capture\/\*$/)]);
    expect(resourcesOf(template, 'EndpointRole', 'cloudwatch:DescribeAlarms')).toEqual([expect.stringMatching(/^<EndpointErrorAlarm.*\.Arn>$/)]);
  });

  test('the sweep may delete what belongs to the endpoint, and list', () => {
    expect(allowed(template, 'SweepRole')).toEqual([
      { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [expect.stringMatching(/^<EndpointSweepLog.*\.Arn>$/)], condition: undefined },
      { actions: ['sagemaker:DescribeEndpoint', 'sagemaker:DeleteEndpoint'], resources: [arn('endpoint', name)], condition: undefined },
      { actions: ['sagemaker:DeleteEndpointConfig', 'sagemaker:ListTags'], resources: [arn('endpoint-config', `${name}-*`)], condition: undefined },
      { actions: ['sagemaker:DeleteModel', 'sagemaker:ListTags'], resources: [arn('model', `${name}-*`)], condition: undefined },
      { actions: ['sagemaker:ListEndpointConfigs', 'sagemaker:ListModels'], resources: ['*'], condition: undefined },
    ]);
  });
});

describe('resources', () => {
  test('there is no endpoint before the first version, and a sweep for the end', () => {
    for (const type of ['Endpoint', 'EndpointConfig', 'Model']) template.resourceCountIs(`AWS::SageMaker::${type}`, 0);
    const sweep = resource(template, 'Custom::MlopsEndpointSweep');
    expect(sweep.Properties).toEqual({ ServiceToken: expect.stringMatching(/^<EndpointSweep.*\.Arn>$/), EndpointName: arguments_.created.EndpointName, ServiceTimeout: '900' });
    // At destroy it comes before the roles and permissions that it works with go.
    expect(sweep.DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^EndpointSweepRoleDefaultPolicy/), expect.stringMatching(/^EndpointRoleDefaultPolicy/)]));
  });

  test('the rollback alarm fires at the first request that the model fails', () => {
    expect(resource(template, 'AWS::CloudWatch::Alarm', 'ErrorAlarm').Properties).toMatchObject({
      Namespace: 'AWS/SageMaker', MetricName: 'Invocation5XXErrors', Statistic: 'Sum', Period: 60, EvaluationPeriods: 1, Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold', TreatMissingData: 'notBreaching',
      Dimensions: [{ Name: 'EndpointName', Value: arguments_.created.EndpointName }, { Name: 'VariantName', Value: 'AllTraffic' }],
    });
  });

  test('every setting reaches SageMaker', () => {
    const { stack, store } = fixture();
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 });
    const key = new kms.Key(stack, 'Key');
    const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', {
      artifactStore: store, endpointName: 'fraud', instanceType: 'ml.c5.xlarge', instanceCount: 2, capturePercentage: 10, bakeTime: Duration.minutes(50),
      images: [SageMakerImage.fromUri(IMAGE)], environment: { A: 'b' }, volumeKey: key, vpc, networkIsolation: true,
    });
    const all = states(definition(withMachine(stack, endpoint.deploy(stack, 'Deploy', { version: '1', modelUri: 's3://m/m.tar.gz', image: IMAGE, store, timeout: Duration.hours(3) })), 'Machine'));

    expect(endpoint.endpointName).toBe('fraud');
    expect(all['Deploy: model'].Arguments).toMatchObject({ PrimaryContainer: { Environment: { A: 'b' } }, EnableNetworkIsolation: true, VpcConfig: { Subnets: [expect.any(String)], SecurityGroupIds: [expect.any(String)] } });
    expect(all['Deploy: config'].Arguments).toMatchObject({
      KmsKeyId: expect.stringMatching(/^<Key.*\.Arn>$/), ProductionVariants: [{ InstanceType: 'ml.c5.xlarge', InitialInstanceCount: 2 }],
      DataCaptureConfig: { EnableCapture: true, InitialSamplingPercentage: 10 },
    });
    expect(all['Deploy: updated'].Arguments.DeploymentConfig.BlueGreenUpdatePolicy).toEqual({
      TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE', WaitIntervalInSeconds: 3000 }, MaximumExecutionTimeoutInSeconds: 4800,
    });
    // Without a sample no request is sent.
    expect(Object.keys(all).filter(name => /baked|answered/.test(name))).toEqual([]);
  });

  test('a disk key is left out where disks are local NVMe, which SageMaker refuses one for', () => {
    const { stack, store } = fixture();
    const endpoint = new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: store, instanceType: 'ml.g5.xlarge', volumeKey: new kms.Key(stack, 'Key') });
    const all = states(definition(withMachine(stack, endpoint.deploy(stack, 'Deploy', { version: '1', modelUri: 's3://m/m.tar.gz', image: IMAGE, store })), 'Machine'));

    expect(all['Deploy: config'].Arguments.KmsKeyId).toBeUndefined();
  });

  test('capture can be left out', () => {
    const all = states(definition(deployed({ capturePercentage: 0 }), 'Machine'));

    expect(all['Deploy: config'].Arguments.DataCaptureConfig).toMatchObject({ EnableCapture: false, InitialSamplingPercentage: 0 });
  });

  test('two endpoints of one store tell of their own captured traffic', () => {
    const { stack, store } = fixture();
    for (const name of ['a', 'b']) new DeployableSageMakerEndpoint(stack, name, { artifactStore: store, endpointName: name }).onCaptured('Captured');
    const prefixes = Object.values(Template.fromStack(stack).findResources('AWS::Events::Rule')).map(({ Properties }) => Properties.EventPattern.detail.object.key);

    expect(prefixes).toEqual([[{ prefix: 'capture/a/' }], [{ prefix: 'capture/b/' }]]);
  });
});

describe('bad props', () => {
  test.each<[Partial<DeployableSageMakerEndpointProps>, string]>([
    [{ endpointName: 'Fraud' }, "'endpointName' must be at most 50 lower-case letters, digits and -, got 'Fraud'"],
    [{ instanceType: 'ml.m5.big' }, "'instanceType' must be a SageMaker hosting instance type, got 'ml.m5.big': did you mean 'ml.m5.large'?"],
    [{ instanceCount: 0 }, "'instanceCount' must be a whole number from 1 to 1000, got 0"],
    [{ capturePercentage: 12.5 }, "'capturePercentage' must be a whole number from 0 to 100, got 12.5"],
    [{ bakeTime: Duration.hours(2) }, "'bakeTime' must be a Duration of 0 to 3600 whole seconds, got 7200 seconds"],
  ])('%j', (props, message) => {
    const { stack, store } = fixture();

    expect(() => new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: store, ...props })).toThrow(new Error(message));
  });
});
