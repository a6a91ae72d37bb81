import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { S3ArtifactStore } from '../../constructs/artifact-store';
import { Auth } from '../../constructs/core';
import { MlflowExperimentTracker } from '../../constructs/experiment-tracker';
import { SageMakerModelTrainer, SageMakerModelTrainerProps, TrainOptions } from '../../constructs/model-trainer';
import { SageMakerImage } from '../../constructs/sagemaker';
import { evaluate } from '../support/jsonata';
import { error, execute, Integration } from '../support/machine';
import { actions, allowed, definition, render, resource, states } from '../support/template';

jest.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z'), doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'setTimeout', 'clearTimeout', 'performance', 'hrtime'] });

const IMAGE = '123456789012.dkr.ecr.us-east-1.amazonaws.com/acme/train:1';
const KEY = 'train-run-1-0123456789ab';

interface Platform {
  readonly stack: Stack;
  readonly trainer: SageMakerModelTrainer;
  readonly store: S3ArtifactStore;
}

/** A trainer with an image of its own, over a folder of a bucket that exists. */
function platform(props: (stack: Stack) => Partial<SageMakerModelTrainerProps> = () => ({})): Platform {
  const stack = new Stack(new App(), 'test');
  const store = S3ArtifactStore.fromBucket(stack, 'Store', {
    bucket: s3.Bucket.fromBucketAttributes(stack, 'Bucket', { bucketArn: 'arn:aws:s3:::acme', encryptionKey: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:us-east-1:000000000000:key/store') }), prefix: 'ml/',
  }) as S3ArtifactStore;
  return { stack, store, trainer: new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: store, image: SageMakerImage.fromUri(IMAGE), ...props(stack) }) };
}

/** The template of one machine that trains. */
function template({ stack, trainer, store }: Platform, options: (stack: Stack, store: S3ArtifactStore) => TrainOptions = () => ({})): Template {
  const step = trainer.train(stack, 'Train', options(stack, store));
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });
  return Template.fromStack(stack);
}

/** What SageMaker gets, as JSON: what is not set is not there. */
const request = async (made: Template) => JSON.parse(JSON.stringify(await evaluate(states(definition(made))['Train: job'].Arguments, { key: KEY })));
const held = (made: Template, id: string) => allowed(made, id).map(statement => `${statement.actions.join(' ')} ${statement.resources.join(' ')}`);

describe('minimal: the program of an image', () => {
  const made = template(platform());

  test('is one training job', async () => {
    expect(await request(made)).toEqual({
      TrainingJobName: KEY,
      RoleArn: expect.stringMatching(/^<TrainerRole.*\.Arn>$/),
      AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' },
      HyperParameters: {},
      OutputDataConfig: { S3OutputPath: 's3://acme/ml/training', KmsKeyId: 'arn:aws:kms:us-east-1:000000000000:key/store' },
      ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 30 },
      StoppingCondition: { MaxRuntimeInSeconds: 86400 },
      Environment: { MLOPS_RUN_ID: 'run-1' },
    });
    expect(states(definition(made))['Train: job'].Resource).toBe('arn:aws:states:::sagemaker:createTrainingJob.sync');
  });

  test('the job may log, pull its image and write its model', () => {
    expect(held(made, 'TrainerRole')).toEqual([
      expect.stringMatching(/^logs:.* arn:aws:logs:us-east-1:000000000000:log-group:\/aws\/sagemaker\/TrainingJobs\*$/),
      'cloudwatch:PutMetricData *',
      'ecr:BatchCheckLayerAvailability ecr:BatchGetImage ecr:GetDownloadUrlForLayer arn:aws:ecr:us-east-1:123456789012:repository/acme/train',
      'ecr:GetAuthorizationToken *',
      's3:PutObject s3:AbortMultipartUpload arn:aws:s3:::acme/ml/training/*',
      'kms:GenerateDataKey kms:Decrypt arn:aws:kms:us-east-1:000000000000:key/store',
      'kms:Encrypt arn:aws:kms:us-east-1:000000000000:key/store',
    ]);
  });

  test('the machine may run jobs of this step, as this role', () => {
    expect(allowed(made, 'MachineRole')).toEqual([
      {
        actions: ['sagemaker:CreateTrainingJob', 'sagemaker:DescribeTrainingJob', 'sagemaker:StopTrainingJob', 'sagemaker:AddTags'],
        resources: ['arn:aws:sagemaker:us-east-1:000000000000:training-job/train-*'], condition: undefined,
      },
      { actions: ['iam:PassRole'], resources: [expect.stringMatching(/^<TrainerRole/)], condition: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } } },
      {
        actions: ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
        resources: ['arn:aws:events:us-east-1:000000000000:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule'], condition: undefined,
      },
    ]);
    expect(actions(made).filter(action => action.includes('*'))).toEqual([]);
  });

  test('the trainer makes one role, and no more', () => {
    const stack = new Stack(new App(), 'alone');
    new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: S3ArtifactStore.fromBucket(stack, 'Store', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'acme') }) });

    expect(Object.values(Template.fromStack(stack).toJSON().Resources).map(({ Type }: any) => Type).sort()).toEqual(['AWS::IAM::Policy', 'AWS::IAM::Role']);
  });
});

describe('script mode', () => {
  const made = template(platform(), (stack, store) => ({
    source: 'training', hyperparameters: { regularization: '0.5', depth: '{% $Tune.depth %}' },
    inputs: { train: store.uriFor('data/train/'), other: 's3://foreign/data', computed: "{% 's3://x/' & $Tune.depth %}" }, metrics: ['accuracy', 'val.f1'],
    uses: [new MlflowExperimentTracker(stack, 'Tracker', { url: 'https://mlflow.acme.dev', auth: Auth.basic('ml', secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/mlflow'), 'password') })],
    timeout: Duration.hours(2),
  }));
  const asked = async () => evaluate(states(definition(made))['Train: job'].Arguments, { key: KEY, Tune: { depth: '7' } });

  test('brings the script by its wrapper, its arguments and its environment', async () => {
    const { HyperParameters, Environment, StoppingCondition } = await asked();

    expect(HyperParameters).toEqual({
      regularization: '0.5', depth: '7', sagemaker_program: 'mlops_train.py',
      sagemaker_submit_directory: expect.stringMatching(/^s3:\/\/.*assets.*\/[0-9a-f]{64}\.gz$/),
    });
    expect(Environment).toEqual({
      MLFLOW_TRACKING_URI: 'https://mlflow.acme.dev', MLFLOW_TRACKING_USERNAME: 'ml',
      MLOPS_SECRET_MLFLOW_TRACKING_PASSWORD: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:acme/mlflow:password', MLOPS_RUN_ID: 'run-1', MLOPS_PROGRAM: 'train.py',
    });
    expect(StoppingCondition).toEqual({ MaxRuntimeInSeconds: 7200 });
  });

  test('brings the channels', async () => {
    expect((await asked()).InputDataConfig.map(({ ChannelName, DataSource: { S3DataSource } }: any) => [ChannelName, S3DataSource])).toEqual(
      [['train', 's3://acme/ml/data/train/'], ['other', 's3://foreign/data'], ['computed', 's3://x/7']]
        .map(([name, S3Uri]) => [name, { S3DataType: 'S3Prefix', S3Uri, S3DataDistributionType: 'FullyReplicated' }]),
    );
  });

  test('reads the metrics that the script prints, and no other', async () => {
    const found = (await asked()).AlgorithmSpecification.MetricDefinitions.map(({ Name, Regex }: any) => [Name, new RegExp(Regex).exec('mlops-metric val.f1=9.1e-05')?.[1] ?? null, new RegExp(Regex).test('mlops-metric valxf1=1')]);

    expect(found).toEqual([['accuracy', null, false], ['val.f1', '9.1e-05', false]]);
  });

  test('lets the job read its source, its own channels and its secret', () => {
    const job = held(made, 'TrainerRole').slice(7);

    expect(job).toEqual([
      'secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:000000000000:secret:acme/mlflow-??????',
      expect.stringMatching(/^s3:GetObject arn:aws:s3:::.*assets.*\/[0-9a-f]{64}\.gz$/),
      's3:GetObject arn:aws:s3:::acme/ml/data/train/*', 's3:ListBucket arn:aws:s3:::acme', 'kms:Decrypt arn:aws:kms:us-east-1:000000000000:key/store',
    ]);
  });

  test('lets the job read the whole store when a channel is the whole store', () => {
    expect(held(template(platform(), (_stack, store) => ({ inputs: { all: store.uri } })), 'TrainerRole')).toContain('s3:GetObject arn:aws:s3:::acme/ml/*');
  });

  test('two pipelines may each have a step of one name', () => {
    const { stack, trainer } = platform();
    const steps = ['A', 'B'].map(id => trainer.train(new Construct(stack, id), 'Train', { source: 'training' }));

    expect(steps.map(({ node }) => node.path.slice(-7))).toEqual(['A/Train', 'B/Train']);
  });
});

describe('maximal', () => {
  const made = template(platform(stack => ({
    instanceType: 'ml.c5.xlarge', instanceCount: 2, volumeSize: 100, spot: { maxWait: Duration.hours(3) }, volumeKey: kms.Key.fromKeyArn(stack, 'Volume', 'arn:aws:kms:us-east-1:000000000000:key/volume'),
    vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'], publicSubnetIds: ['subnet-2'] }),
  })), () => ({ timeout: Duration.hours(1) }));

  test('spot, two instances, keys, a VPC', async () => {
    expect(await request(made)).toMatchObject({
      ResourceConfig: { InstanceType: 'ml.c5.xlarge', InstanceCount: 2, VolumeSizeInGB: 100, VolumeKmsKeyId: 'arn:aws:kms:us-east-1:000000000000:key/volume' },
      StoppingCondition: { MaxRuntimeInSeconds: 3600, MaxWaitTimeInSeconds: 4 * 3600 },
      EnableManagedSpotTraining: true,
      CheckpointConfig: { S3Uri: `s3://acme/ml/checkpoints/${KEY}` },
      EnableInterContainerTrafficEncryption: true,
      VpcConfig: { Subnets: ['subnet-1'], SecurityGroupIds: [expect.stringMatching(/^<TrainerSecurityGroup/)] },
    });
  });

  test('the step waits for spot capacity as long as the job does', () => {
    expect(states(definition(made))['Train: start'].Assign.deadline).toBe(`{% $millis() + ${4 * 3600_000} %}`);
    const standard = template(platform(() => ({ spot: {} })), () => ({ timeout: Duration.hours(1) }));
    expect(states(definition(standard))['Train: start'].Assign.deadline).toBe(`{% $millis() + ${2 * 3600_000} %}`);
    const onDemand = template(platform(), () => ({ timeout: Duration.hours(1) }));
    expect(states(definition(onDemand))['Train: start'].Assign.deadline).toBe(`{% $millis() + ${3600_000} %}`);
  });

  test('the instances of a job may talk to each other', () => {
    expect(resource(made, 'AWS::EC2::SecurityGroupIngress').Properties).toMatchObject({ IpProtocol: '-1', GroupId: expect.stringMatching(/^<TrainerSecurityGroup/) });
  });

  test('the job may use its keys, its checkpoints and the VPC', () => {
    const job = held(made, 'TrainerRole');

    expect(job).toContain('kms:CreateGrant kms:Decrypt kms:DescribeKey kms:GenerateDataKeyWithoutPlaintext arn:aws:kms:us-east-1:000000000000:key/volume');
    expect(job).toContain('s3:GetObject arn:aws:s3:::acme/ml/checkpoints/*');
    expect(job).toContain('s3:PutObject s3:AbortMultipartUpload arn:aws:s3:::acme/ml/checkpoints/*');
    expect(job).toContainEqual(expect.stringMatching(/^ec2:CreateNetworkInterface .* \*$/));
  });

  test('a key is left out where SageMaker refuses one', async () => {
    const local = template(platform(stack => ({ instanceType: 'ml.g5.xlarge', volumeKey: kms.Key.fromKeyArn(stack, 'Volume', 'arn:aws:kms:us-east-1:000000000000:key/volume') })));

    expect((await request(local)).ResourceConfig).not.toHaveProperty('VolumeKmsKeyId');
    expect(held(local, 'TrainerRole').filter(one => one.includes('key/volume'))).toEqual([]);
  });

  test('a role, subnets and groups of ones own', async () => {
    const own = template(platform(stack => ({
      role: iam.Role.fromRoleArn(stack, 'Own', 'arn:aws:iam::000000000000:role/own', { mutable: false }),
      vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'], publicSubnetIds: ['subnet-2'] }),
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC }, securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-1')],
    })));

    expect(await request(own)).toMatchObject({ RoleArn: 'arn:aws:iam::000000000000:role/own', VpcConfig: { Subnets: ['subnet-2'], SecurityGroupIds: ['sg-1'] } });
  });
});

describe('in isolation', () => {
  const made = template(platform(() => ({ networkIsolation: true })), () => ({ source: 'training', inputs: { train: 's3://foreign/x' } }));

  test('SageMaker brings the source, as a channel', async () => {
    const { EnableNetworkIsolation, HyperParameters, InputDataConfig } = await request(made);
    const [, code] = InputDataConfig;

    expect(EnableNetworkIsolation).toBe(true);
    expect(code.ChannelName).toBe('code');
    expect(HyperParameters.sagemaker_submit_directory).toBe(`/opt/ml/input/data/code/${code.DataSource.S3DataSource.S3Uri.split('/').pop()}`);
    expect(held(made, 'TrainerRole').slice(-1)).toEqual([expect.stringMatching(/^s3:ListBucket arn:aws:s3:::.*assets/)]);
  });

  test('a component is refused, which the job could not reach', () => {
    const { stack, trainer } = platform(() => ({ networkIsolation: true }));
    const tracker = new MlflowExperimentTracker(stack, 'Tracker', { url: 'https://mlflow.acme.dev' });

    expect(() => trainer.train(stack, 'Train', { uses: [tracker] })).toThrow(new Error(
      "'networkIsolation' must be false for a job that uses 'test/Tracker', got true, which cuts it off: put the trainer into a VPC with endpoints instead",
    ));
  });
});

describe('a run', () => {
  const asl = definition(template(platform(), () => ({ metrics: ['accuracy'] })));
  const job = (status: string, more: object = {}) => ({ TrainingJobName: KEY, TrainingJobStatus: status, SecondaryStatus: status, ModelArtifacts: { S3ModelArtifacts: 's3://acme/model.tar.gz' }, ...more });
  const run = (start: () => any, ...answers: any[]) => execute(asl, (name => name === 'Train: job' ? start() : answers.shift()) as Integration);

  test.each([
    [undefined, {}], [[], {}], [[{ MetricName: 'accuracy', Value: 0.97 }], { accuracy: 0.97 }],
    [[{ MetricName: 'accuracy', Value: 0.97, Timestamp: 1 }, { MetricName: 'f1', Value: 1 }], { accuracy: 0.97, f1: 1 }],
  ])('yields the model and its metrics %j', async (FinalMetricDataList, metrics) => {
    expect((await run(() => ({}), job('Completed', { FinalMetricDataList }))).output).toEqual({ jobName: KEY, modelUri: 's3://acme/model.tar.gz', metrics, image: IMAGE });
  });

  test('finds the job of a run that was started before, and waits for it', async () => {
    const { output, calls } = await run(() => { throw error('SageMaker.ResourceInUseException', 'Training job names must be unique: it already exists'); }, job('InProgress'), job('Completed'));

    expect(output.jobName).toBe(KEY);
    expect(calls).toEqual(['Train: job', 'Train: described', 'Train: described']);
  });

  test('fails with the reason of the job, and says where the log is', async () => {
    const { error: failure } = await run(
      () => { throw error('States.TaskFailed', JSON.stringify(job('Failed'))); }, job('Failed', { FailureReason: "AlgorithmError: ValueError: no column 'target'" }),
    );

    expect(failure?.Error).toBe('Mlops.Failed');
    expect(failure?.Cause).toMatch(new RegExp(`^Train: training job ${KEY} is Failed: AlgorithmError: ValueError: no column 'target' \\(log: /aws/sagemaker/TrainingJobs train-run-1-[0-9a-f]{12}\\)$`));
  });

  test('that was stopped says by what', async () => {
    expect((await run(() => ({}), job('Stopped', { SecondaryStatus: 'MaxRuntimeExceeded' }))).error?.Cause).toContain(`training job ${KEY} is Stopped: MaxRuntimeExceeded (log:`);
  });

  test('that may not be started is unauthorized, and no job is looked for', async () => {
    const { error: failure, calls } = await run(() => { throw error('SageMaker.AmazonSageMakerException', 'User: x is not authorized to perform: sagemaker:CreateTrainingJob'); });

    expect(failure).toMatchObject({ Error: 'Mlops.Unauthorized', Cause: expect.stringContaining('not authorized to perform: sagemaker:CreateTrainingJob') });
    expect(new Set(calls)).toEqual(new Set(['Train: job']));
  });

  test('that takes too long is timed out', async () => {
    expect((await run(() => { throw error('States.Timeout'); })).error?.Error).toBe('Mlops.Timeout');
  });
});

test('a client may start jobs by hand', () => {
  const { stack, trainer } = platform();
  const binding = trainer.bind(new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }));

  expect(render(stack.resolve(binding))).toEqual({
    provider: 'sagemaker', address: 's3://acme/ml/training',
    variables: { MLOPS_TRAINING_ROLE: expect.stringMatching(/^<TrainerRole/), MLOPS_TRAINING_IMAGE: IMAGE, MLOPS_TRAINING_OUTPUT: 's3://acme/ml/training' },
  });
  expect(held(Template.fromStack(stack), 'Client')).toEqual([
    'sagemaker:CreateTrainingJob sagemaker:DescribeTrainingJob sagemaker:StopTrainingJob arn:aws:sagemaker:us-east-1:000000000000:training-job/*',
    expect.stringMatching(/^iam:PassRole <TrainerRole/),
  ]);
});

describe('refusals', () => {
  test.each<[Partial<SageMakerModelTrainerProps>, string]>([
    [{ instanceType: 'ml.m5.lagre' }, "'instanceType' must be a SageMaker training instance type, got 'ml.m5.lagre': did you mean 'ml.m5.large'?"],
    [{ instanceCount: 0 }, "'instanceCount' must be a whole number from 1 to 256, got 0"],
    [{ volumeSize: 20000 }, "'volumeSize' must be a whole number from 1 to 16384, got 20000"],
    [{ vpcSubnets: {} }, "'vpc' must be given with 'vpcSubnets', got none"],
    [{ securityGroups: [] }, "'vpc' must be given with 'securityGroups', got none"],
  ])('trainer %j', (props, message) => {
    expect(() => platform(() => props)).toThrow(new Error(message));
  });

  const many = (count: number, value: string) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`c${index}`, value]));
  const shared = platform();
  const isolated = platform(() => ({ networkIsolation: true }));

  test.each<[string, Platform, TrainOptions, string]>([
    ['a channel that is no name', shared, { inputs: { 'my data': 's3://a' } }, "'inputs.my data' must be named with at most 64 letters, digits, '.', '-' or '_', got 'my data'"],
    ['a channel that is no address', shared, { inputs: { train: 'data/train' } }, "'inputs.train' must be an s3:// address, got 'data/train'"],
    ['too many channels', shared, { inputs: many(21, 's3://a') }, "'inputs' must be at most 20 channels, got 21"],
    ['too many channels in isolation', isolated, { source: 'training', inputs: many(20, 's3://a') }, "'inputs' must be at most 19 channels, got 20"],
    ["the source's channel in isolation", isolated, { source: 'training', inputs: { code: 's3://a' } }, "'inputs.code' must have another name, got 'code': in isolation the source comes in the channel of this name"],
    ['a metric that is no name', shared, { metrics: ['f1 score'] }, "'metrics.0' must be a metric's name of at most 128 letters, digits, '_', '.' or '-', got 'f1 score'"],
    ['too many metrics', shared, { metrics: Object.keys(many(41, '')) }, "'metrics' must be at most 40 metrics, got 41"],
    ['too long a run', shared, { timeout: Duration.days(29) }, "'timeout' must be a Duration of 1 to 2419200 whole seconds, got 2505600 seconds"],
    ['no time at all', shared, { timeout: Duration.seconds(0) }, "'timeout' must be a Duration of 1 to 2419200 whole seconds, got 0 seconds"],
  ])('%s', (_what, { stack, trainer }, options, message) => {
    expect(() => trainer.train(stack, 'Train', options)).toThrow(new Error(message));
  });

  test('a variable that is too long for a job', () => {
    const { stack, trainer } = platform();
    const tracker = new MlflowExperimentTracker(stack, 'Tracker', { url: `https://mlflow.acme.dev/${'x'.repeat(500)}` });

    expect(() => trainer.train(stack, 'Train', { uses: [tracker] })).toThrow(new Error("'MLFLOW_TRACKING_URI' must be at most 512 characters in a training job's environment, got 524"));
  });
});
