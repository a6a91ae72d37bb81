import { basename } from 'path';
import { ArnFormat, Duration, Stack, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { IS3ArtifactStore } from '../artifact-store/artifact-store';
import { Binding, Environment, Jsonata, Step } from '../core';
import { acknowledge } from '../core/acknowledge';
import { allow, grant, passRole, sagemakerArn, useKey } from '../core/grants';
import { check, duration, fixed, flag, integer, like, oneOf, text, textOrJsonata } from '../core/validation';
import { hasLocalNvme, TRAINING_INSTANCE_TYPES } from '../sagemaker/instance-types';
import { SageMakerImage } from '../sagemaker/sagemaker-image';
import { SageMakerRole } from '../sagemaker/sagemaker-role';
import { joinVpc } from '../sagemaker/vpc';
import { IModelTrainer, MODELS, TrainOptions } from './model-trainer';
import { PROGRAM, sourceBundle } from './source-bundle';

/** The log group of every training job, and the job's streams in it. */
const LOG = Jsonata.join('/aws/sagemaker/TrainingJobs ', Step.KEY);

/** The channel that brings the source to a job without a network. */
const CODE = 'code';

/** What a fleet of spot instances needs to know. */
export interface SpotOptions {
  /**
   * How long a job may wait for capacity, beyond its run.
   * @default Duration.hours(1)
   */
  readonly maxWait?: Duration;
}

/** Properties of a `SageMakerModelTrainer`. */
export interface SageMakerModelTrainerProps {
  /** Receives the models, under `training/`, and the checkpoints, under `checkpoints/`. */
  readonly artifactStore: IS3ArtifactStore;
  /**
   * The image that jobs run.
   * @default SageMakerImage.scikitLearn()
   */
  readonly image?: SageMakerImage;
  /**
   * A SageMaker training instance type.
   * @default 'ml.m5.large'
   */
  readonly instanceType?: string;
  /**
   * How many instances a job runs on.
   * @default 1
   */
  readonly instanceCount?: number;
  /**
   * The disk of each instance, in GiB, 1 to 16384.
   * @default 30
   */
  readonly volumeSize?: number;
  /**
   * Trains on spot capacity; the script finds its checkpoints in /opt/ml/checkpoints.
   * @default - on demand
   */
  readonly spot?: SpotOptions;
  /**
   * Encrypts the instances' disks; not used on instance types with local NVMe, which SageMaker refuses a key for.
   * @default - SageMaker's own key
   */
  readonly volumeKey?: kms.IKey;
  /**
   * Where jobs run.
   * @default - outside of any VPC
   */
  readonly vpc?: ec2.IVpc;
  /**
   * The subnets in `vpc`.
   * @default - the private ones
   */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /**
   * The security groups of jobs in `vpc`.
   * @default - a new one, which lets everything out and nothing in but what the instances of one job say to each other
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
  /**
   * Cuts jobs off from every network. Such a job can use no component and no secret.
   * @default false
   */
  readonly networkIsolation?: boolean;
  /**
   * The role that jobs take; it is granted what they need.
   * @default - a new one
   */
  readonly role?: iam.IRole;
}

/**
 * Trains as SageMaker training jobs.
 * @see https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
 */
export class SageMakerModelTrainer extends Construct implements IModelTrainer {
  /** The role that jobs take. */
  public readonly role: iam.IRole;
  private readonly image: string;
  private readonly network?: { Subnets: string[]; SecurityGroupIds: string[] };

  constructor(scope: Construct, id: string, private readonly props: SageMakerModelTrainerProps) {
    super(scope, id);
    check(props, z => ({
      artifactStore: like(z, 'an artifact store in S3 (IS3ArtifactStore)', 'uriFor', 'bucketName'),
      image: like(z, 'a SageMakerImage', 'bind'),
      instanceType: oneOf(z, TRAINING_INSTANCE_TYPES, 'a SageMaker training instance type'),
      instanceCount: integer(z, 1, 256),
      volumeSize: integer(z, 1, 16384),
      spot: z.object({ maxWait: duration(z, 'seconds', 0, 28 * 86400).optional() }),
      volumeKey: like(z, 'a key (kms.IKey)', 'keyArn'),
      networkIsolation: flag(z),
      role: like(z, 'a role (iam.IRole)', 'roleArn', 'grantPrincipal'),
    }), 'artifactStore');
    if (!props.vpc && (props.vpcSubnets || props.securityGroups)) {
      throw new Error(`'vpc' must be given with '${props.vpcSubnets ? 'vpcSubnets' : 'securityGroups'}', got none`);
    }
    this.role = props.role ?? new SageMakerRole(this, 'Role', 'TrainingJobs');
    const image = (props.image ?? SageMakerImage.scikitLearn()).bind(this);
    this.image = image.uri;
    grant(this.role, image.policies, 'pulls the image of the job');
    grant(this.role, props.artifactStore.writePolicies(MODELS), 'writes the model');
    grant(this.role, useKey(props.artifactStore.encryptionKey, 'kms:Encrypt'), 'SageMaker asks for it when it is told the key of the output');
    grant(this.role, useKey(this.volumeKey, 'kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKeyWithoutPlaintext'), 'encrypts the volumes');
    if (props.spot) grant(this.role, [...props.artifactStore.readPolicies('checkpoints/'), ...props.artifactStore.writePolicies('checkpoints/')], 'keeps checkpoints, and goes on from them');
    if (props.vpc) {
      this.network = joinVpc(this, this.role, {
        vpc: props.vpc, subnets: props.vpcSubnets, securityGroups: props.securityGroups, internalTraffic: this.instanceCount > 1,
      });
    } else if (!props.networkIsolation) {
      acknowledge(Stack.of(this), ['TRAINING_ISOLATED_OR_IN_VPC'], `jobs of ${this.node.path} reach a tracker, and what their script requires, over the network: 'vpc' or 'networkIsolation' ends that`);
    }
  }

  public train(scope: Construct, id: string, options: TrainOptions): Step {
    this.checkOptions(options);
    const timeout = options.timeout ?? Duration.days(1);
    if (this.props.networkIsolation && options.uses?.length) {
      throw new Error(`'networkIsolation' must be false for a job that uses '${options.uses[0].node.path}', got true, which cuts it off: put the trainer into a VPC with endpoints instead`);
    }
    const environment = Environment.of(this.role, ...options.uses ?? []);
    const bundle = options.source === undefined ? undefined : sourceBundle(scope, `${id}Source`, options.source, options.entry ?? 'train.py');
    if (bundle) this.grantSource(bundle);
    this.grantInputs(options);
    return new Step(scope, id, {
      timeout: this.longest(timeout),
      calls: [
        {
          name: 'job', resource: 'sagemaker:createTrainingJob.sync', log: LOG, policies: this.policies(id),
          // A job of this name is this run's own, started before: it is waited for below, and so is one that has failed.
          accept: ['SageMaker.ResourceInUseException', 'SageMaker.ResourceInUse', 'States.TaskFailed'], acceptCause: 'TrainingJobStatus|already exists',
          arguments: {
            TrainingJobName: Step.KEY,
            RoleArn: this.role.roleArn,
            AlgorithmSpecification: {
              TrainingImage: this.image, TrainingInputMode: 'File',
              MetricDefinitions: options.metrics?.map(metric => ({ Name: metric, Regex: `mlops-metric ${metric.replace(/\./g, '\\.')}=(\\S+)` })),
            },
            HyperParameters: { ...options.hyperparameters, ...bundle && this.script(bundle) },
            InputDataConfig: this.channels(options.inputs, bundle),
            OutputDataConfig: { S3OutputPath: this.props.artifactStore.uriFor('training'), KmsKeyId: this.props.artifactStore.encryptionKey?.keyArn },
            ...this.capacity(timeout),
            CheckpointConfig: this.props.spot && { S3Uri: Jsonata.join(this.props.artifactStore.uriFor('checkpoints/'), Step.KEY) },
            EnableNetworkIsolation: this.props.networkIsolation,
            EnableInterContainerTrafficEncryption: this.instanceCount > 1 ? true : undefined,
            VpcConfig: this.network,
            Environment: this.environment(environment, options),
          },
        },
        {
          name: 'described', resource: 'aws-sdk:sagemaker:describeTrainingJob', arguments: { TrainingJobName: Step.KEY }, policies: [], log: LOG,
          until: "{% $described.TrainingJobStatus = 'Completed' %}",
          failed: "{% $described.TrainingJobStatus in ['Failed', 'Stopped'] %}",
          cause: "{% 'training job ' & $described.TrainingJobName & ' is ' & $described.TrainingJobStatus & ': ' & ($exists($described.FailureReason) ? $described.FailureReason : $described.SecondaryStatus) %}",
        },
      ],
      result: {
        jobName: '{% $described.TrainingJobName %}',
        modelUri: '{% $described.ModelArtifacts.S3ModelArtifacts %}',
        // The empty object stands for a list that is empty, or not there.
        metrics: '{% $merge([{}, $described.FinalMetricDataList.{MetricName: Value}]) %}',
        image: this.image,
      },
    });
  }

  /** What is needed to start a job by hand: the role to hand to SageMaker, and where its models go. */
  public bind(client: iam.IGrantable): Binding {
    grant(client, [allow(['sagemaker:CreateTrainingJob', 'sagemaker:DescribeTrainingJob', 'sagemaker:StopTrainingJob'], [sagemakerArn(this, 'training-job', '*')]), passRole(this.role, 'sagemaker.amazonaws.com')],
      'starts, watches and stops jobs');
    return {
      provider: 'sagemaker',
      address: this.props.artifactStore.uriFor('training'),
      variables: { MLOPS_TRAINING_ROLE: this.role.roleArn, MLOPS_TRAINING_IMAGE: this.image, MLOPS_TRAINING_OUTPUT: this.props.artifactStore.uriFor('training') },
    };
  }

  private get instanceType(): string {
    return this.props.instanceType ?? 'ml.m5.large';
  }

  private get instanceCount(): number {
    return this.props.instanceCount ?? 1;
  }

  private get volumeKey(): kms.IKey | undefined {
    return hasLocalNvme(this.instanceType) ? undefined : this.props.volumeKey;
  }

  /** How long a run may take, with the wait for spot capacity. */
  private longest(timeout: Duration): Duration {
    const { spot } = this.props;
    return spot ? timeout.plus(spot.maxWait ?? Duration.hours(1)) : timeout;
  }

  private checkOptions(options: TrainOptions) {
    const { inputs = {}, metrics = [], hyperparameters = {}, source } = options ?? {};
    // In isolation the source comes as a channel.
    const own = this.props.networkIsolation && source !== undefined ? [CODE] : [];
    check(options, z => {
      const channel = fixed(z, /^[A-Za-z0-9.\-_]{1,64}$/, "named with at most 64 letters, digits, '.', '-' or '_'")
        .refine(name => !own.includes(name), { error: `must have another name, got '${CODE}': in isolation the source comes in the channel of this name` });
      const address = textOrJsonata(z, /^s3:\/\/[^\p{C}]/u, 'an s3:// address');
      const metric = fixed(z, /^[A-Za-z0-9_.\-]{1,128}$/, "a metric's name of at most 128 letters, digits, '_', '.' or '-'");
      const channels = Object.keys(inputs).length;
      return {
        inputs: z.record(channel, address).refine(() => channels + own.length <= 20, { error: `must be at most ${20 - own.length} channels, got ${channels}` }),
        metrics: z.array(metric).max(40, { error: `must be at most 40 metrics, got ${metrics.length}` }),
        source: fixed(z, /^[^\0]+$/, 'the path of a folder'),
        entry: fixed(z, /^[^\0]+$/, 'the path of a script in the source'),
        hyperparameters: z.record(fixed(z, /^[^\p{C}]{1,256}$/u, 'named with 1 to 256 characters'), text(z, /^[\s\S]{0,2500}$/, 'a text of at most 2500 characters'))
          .refine(all => Object.keys(all).length <= 98, { error: `must be at most 98 hyperparameters, got ${Object.keys(hyperparameters).length}` }),
        uses: z.array(like(z, 'a component (IComponent)', 'bind')),
        timeout: duration(z, 'seconds', 1, 28 * 86400),
      };
    });
  }

  private capacity(timeout: Duration) {
    const { spot } = this.props;
    return {
      ResourceConfig: { InstanceType: this.instanceType, InstanceCount: this.instanceCount, VolumeSizeInGB: this.props.volumeSize ?? 30, VolumeKmsKeyId: this.volumeKey?.keyArn },
      StoppingCondition: {
        MaxRuntimeInSeconds: timeout.toSeconds(),
        MaxWaitTimeInSeconds: spot && this.longest(timeout).toSeconds(),
      },
      EnableManagedSpotTraining: spot && true,
    };
  }

  /** Script mode's own hyperparameters. In isolation the job cannot fetch its source: SageMaker brings it, as a channel. */
  private script(bundle: assets.Asset) {
    const directory = this.props.networkIsolation ? `/opt/ml/input/data/${CODE}/${basename(bundle.s3ObjectKey)}` : bundle.s3ObjectUrl;
    return { sagemaker_program: PROGRAM, sagemaker_submit_directory: directory };
  }

  private channels(inputs: { [channel: string]: string } = {}, bundle?: assets.Asset) {
    const all = { ...inputs, ...bundle && this.props.networkIsolation && { [CODE]: bundle.s3ObjectUrl } };
    const channels = Object.entries(all).map(([name, uri]) => ({
      ChannelName: name, DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: uri, S3DataDistributionType: 'FullyReplicated' } },
    }));
    return channels.length ? channels : undefined;
  }

  private environment(environment: Environment, { source, entry }: TrainOptions) {
    const variables = { ...environment.inline, MLOPS_RUN_ID: Step.RUN_ID, ...source !== undefined && { MLOPS_PROGRAM: entry ?? 'train.py' } };
    const long = Object.entries(variables).find(([, value]) => !Token.isUnresolved(value) && value.length > 512);
    if (long) throw new Error(`'${long[0]}' must be at most 512 characters in a training job's environment, got ${long[1].length}`);
    return variables;
  }

  private grantSource({ bucket, s3ObjectKey }: assets.Asset) {
    grant(this.role, [allow(['s3:GetObject'], [bucket.arnForObjects(s3ObjectKey)])], 'fetches the source');
    if (this.props.networkIsolation) grant(this.role, [allow(['s3:ListBucket'], [bucket.bucketArn])], 'lists the channel that brings the source');
  }

  private grantInputs({ inputs = {} }: TrainOptions) {
    // Channels of our own store; other buckets are the role's owner's to grant.
    const { artifactStore } = this.props;
    Object.values(inputs).filter(uri => `${uri}/`.startsWith(`${artifactStore.uri}/`))
      .forEach(uri => grant(this.role, artifactStore.readPolicies(uri.slice(artifactStore.uri.length + 1)), 'reads its inputs'));
  }

  private policies(id: string): iam.PolicyStatement[] {
    const rule = Stack.of(this).formatArn({ service: 'events', resource: 'rule', resourceName: 'StepFunctionsGetEventsForSageMakerTrainingJobsRule', arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
    return [
      // AddTags: the .sync integration marks the jobs that it starts.
      allow(
        ['sagemaker:CreateTrainingJob', 'sagemaker:DescribeTrainingJob', 'sagemaker:StopTrainingJob', 'sagemaker:AddTags'],
        [sagemakerArn(this, 'training-job', `${Step.keyPrefix(id)}*`)],
      ),
      passRole(this.role, 'sagemaker.amazonaws.com'),
      // The .sync integration waits for the job's event with a rule of its own.
      allow(['events:PutTargets', 'events:PutRule', 'events:DescribeRule'], [rule]),
    ];
  }
}
