import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { IS3ArtifactStore } from '../artifact-store/artifact-store';
import { Binding, Call, Jsonata, Step } from '../core';
import { acknowledge } from '../core/acknowledge';
import { allow, grant, sagemakerArn, useKey } from '../core/grants';
import { check, duration, fixed, flag, integer, like, oneOf, text } from '../core/validation';
import { ENDPOINT_INSTANCE_TYPES, hasLocalNvme } from '../sagemaker/instance-types';
import { SageMakerImage } from '../sagemaker/sagemaker-image';
import { SageMakerRole } from '../sagemaker/sagemaker-role';
import { joinVpc } from '../sagemaker/vpc';
import { checkInfer, ICapturingEndpoint, IModelEndpoint, InferOptions } from './model-endpoint';

/** Properties that every SageMaker real-time endpoint has. */
export interface SageMakerEndpointProps {
  /** Receives the captured traffic, under `capture/`. */
  readonly artifactStore: IS3ArtifactStore;
  /**
   * A SageMaker hosting instance type.
   * @default 'ml.m5.large'
   */
  readonly instanceType?: string;
  /**
   * How many instances serve.
   * @default 1
   */
  readonly instanceCount?: number;
  /**
   * The share of requests that is captured, in percent, 0 to 100.
   * @default 100
   */
  readonly capturePercentage?: number;
  /**
   * How long a new version must do without an alarm before the old one goes.
   * @default Duration.minutes(5)
   */
  readonly bakeTime?: Duration;
  /**
   * The images that models are served with, which the endpoint's role may then pull.
   * @default [SageMakerImage.scikitLearn()]
   */
  readonly images?: SageMakerImage[];
  /**
   * Variables of the model's container.
   * @default - script mode's: `inference.py` of the model's `code` folder
   */
  readonly environment?: { [name: string]: string };
  /**
   * Encrypts the instances' disks; not used on instance types with local NVMe, which SageMaker refuses a key for.
   * @default - SageMaker's own key
   */
  readonly volumeKey?: kms.IKey;
  /**
   * Where the model's container runs.
   * @default - outside of any VPC
   */
  readonly vpc?: ec2.IVpc;
  /**
   * Cuts the model's container off from every network.
   * @default false
   */
  readonly networkIsolation?: boolean;
}

/** The one variant: its name stays the same across versions, so that metrics, alarms and scaling go on. */
export const VARIANT = 'AllTraffic';

/** The contract over a SageMaker real-time endpoint, new or existing. */
export abstract class SageMakerEndpointBase extends Construct implements IModelEndpoint {
  /** The endpoint's name. */
  public abstract readonly endpointName: string;

  public infer(scope: Construct, id: string, options: InferOptions): Step {
    checkInfer(options);
    const { instances, timeout } = options;
    // Containers answer with the predictions, or with an object that holds them.
    const predictions = '{% ($body := $parse($states.result.Body); $exists($body.predictions) ? $body.predictions : $body) %}';
    return new Step(scope, id, { timeout, calls: [{ ...this.invocation('answer', instances), value: predictions }], result: { predictions: '{% $answer %}' } });
  }

  public bind(client: iam.IGrantable): Binding {
    grant(client, [allow(['sagemaker:InvokeEndpoint'], [this.endpointArn])], 'asks for predictions');
    return { provider: 'sagemaker', address: this.endpointName, variables: { SAGEMAKER_ENDPOINT_NAME: this.endpointName } };
  }

  protected get endpointArn(): string {
    return sagemakerArn(this, 'endpoint', this.endpointName);
  }

  protected get logGroup(): string {
    return `/aws/sagemaker/Endpoints/${this.endpointName}`;
  }

  /** A call that predicts `instances` as CSV. */
  protected invocation(name: string, instances: any): Call {
    return {
      name, resource: 'aws-sdk:sagemakerruntime:invokeEndpoint', log: this.logGroup,
      arguments: {
        EndpointName: this.endpointName, ContentType: 'text/csv', Accept: 'application/json',
        Body: `{% $join($map(${Jsonata.source(instances)}, function($row) { $join($map($row, function($value) { $string($value) }), ',') }), '\\n') %}`,
      },
      policies: [allow(['sagemaker:InvokeEndpoint'], [this.endpointArn])],
    };
  }
}

/** What every SageMaker real-time endpoint of this library has: its role, variant, capture settings, rollback alarms and metrics. */
export abstract class SageMakerEndpoint extends SageMakerEndpointBase implements ICapturingEndpoint {
  /** The role that the model's container takes. */
  public readonly role: iam.Role;
  public readonly captureUri: string;
  public readonly capturePercentage: number;
  private readonly settings: SageMakerEndpointProps;
  private readonly network?: { Subnets: string[]; SecurityGroupIds: string[] };

  constructor(scope: Construct, id: string, props: SageMakerEndpointProps) {
    super(scope, id);
    check(props, z => ({
      artifactStore: like(z, 'an artifact store in S3 (IS3ArtifactStore)', 'uriFor', 'bucketName'),
      instanceType: oneOf(z, ENDPOINT_INSTANCE_TYPES, 'a SageMaker hosting instance type'),
      instanceCount: integer(z, 1, 1000),
      capturePercentage: integer(z, 0, 100),
      bakeTime: duration(z, 'seconds', 0, 3600),
      images: z.array(like(z, 'a SageMakerImage', 'bind')),
      environment: z.record(fixed(z, /^[A-Za-z_]\w{0,1023}$/, 'named with letters, digits and _'), text(z, /^[\s\S]{0,1024}$/, 'a text of at most 1024 characters'))
        .refine(all => Object.keys(all).length <= 100, { error: 'must be at most 100 variables, got more' }),
      volumeKey: like(z, 'a key (kms.IKey)', 'keyArn'),
      networkIsolation: flag(z),
    }), 'artifactStore');
    this.settings = props;
    this.capturePercentage = props.capturePercentage ?? 100;
    this.captureUri = props.artifactStore.uriFor('capture');
    this.role = new SageMakerRole(this, 'Role', 'Endpoints');
    const images = (props.images ?? [SageMakerImage.scikitLearn()]).flatMap(image => image.bind(this).policies);
    grant(this.role, images, 'pulls the image of the model');
    grant(this.role, props.artifactStore.writePolicies('capture/'), 'captures requests and answers');
    grant(this.role, useKey(this.volumeKey, 'kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey'), 'encrypts the volumes');
    if (props.vpc) {
      this.network = joinVpc(this, this.role, { vpc: props.vpc });
    } else if (!props.networkIsolation) {
      acknowledge(Stack.of(this), ['MODEL_ISOLATED_OR_IN_VPC'], `models of ${this.node.path} may install what their code requires: 'vpc' or 'networkIsolation' ends that`);
    }
  }

  public onCaptured(id: string, target?: events.IRuleTarget): events.Rule {
    // The rule is the store's, which may hold the traffic of several endpoints.
    return this.settings.artifactStore.onObjectCreated(`${id}-${this.node.addr.slice(-8)}`, { prefix: `capture/${this.endpointName}/`, target });
  }

  public capturePolicies(): iam.PolicyStatement[] {
    return this.settings.artifactStore.readPolicies(`capture/${this.endpointName}/`);
  }

  public metricInvocations(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Invocations', { statistic: 'Sum', ...options });
  }

  public metricErrors(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Invocation5XXErrors', { statistic: 'Sum', ...options });
  }

  public metricLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('ModelLatency', { statistic: 'p90', ...options });
  }

  /**
   * A model, as the API takes it.
   * @internal
   */
  protected _model(image: string, modelUri: string) {
    return {
      ExecutionRoleArn: this.role.roleArn,
      PrimaryContainer: {
        Image: image, ModelDataUrl: modelUri,
        Environment: this.settings.environment ?? { SAGEMAKER_PROGRAM: 'inference.py', SAGEMAKER_SUBMIT_DIRECTORY: '/opt/ml/model/code' },
      },
      EnableNetworkIsolation: this.settings.networkIsolation ? true : undefined,
      VpcConfig: this.network,
    };
  }

  /**
   * The variant, as the API takes it.
   * @internal
   */
  protected get _variant() {
    return {
      VariantName: VARIANT, InstanceType: this.instanceType, InitialInstanceCount: this.settings.instanceCount ?? 1, InitialVariantWeight: 1,
    };
  }

  /**
   * The capture settings, as the API takes them.
   * @internal
   */
  protected get _capture() {
    return {
      EnableCapture: this.capturePercentage > 0,
      InitialSamplingPercentage: this.capturePercentage,
      DestinationS3Uri: this.captureUri,
      KmsKeyId: this.settings.artifactStore.encryptionKey?.keyArn,
      CaptureOptions: [{ CaptureMode: 'Input' }, { CaptureMode: 'Output' }],
      CaptureContentTypeHeader: { CsvContentTypes: ['text/csv'], JsonContentTypes: ['application/json'] },
    };
  }

  protected get volumeKey(): kms.IKey | undefined {
    return hasLocalNvme(this.instanceType) ? undefined : this.settings.volumeKey;
  }

  /**
   * Blue/green: the old fleet goes when the new one has done without an alarm; an alarm brings the old one back.
   * @internal
   */
  protected _deploymentConfig(alarms: cloudwatch.IAlarm[]) {
    const bake = (this.settings.bakeTime ?? Duration.minutes(5)).toSeconds();
    return {
      BlueGreenUpdatePolicy: {
        TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE', WaitIntervalInSeconds: bake },
        MaximumExecutionTimeoutInSeconds: Math.max(3600, bake + 1800),
      },
      AutoRollbackConfiguration: { Alarms: alarms.map(({ alarmName }) => ({ AlarmName: alarmName })) },
    };
  }

  /** The alarms that bring the old version back. */
  protected rollbackAlarms(): cloudwatch.Alarm[] {
    const errors = new cloudwatch.Alarm(this, 'ErrorAlarm', {
      metric: this.metricErrors({ period: Duration.minutes(1) }), threshold: 1, evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // A period without requests says nothing about the model.
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      alarmDescription: `The model behind ${this.node.path} fails requests`,
    });
    acknowledge(errors, ['CT.CLOUDWATCH.PR.1', 'NIST.800.53.R5-CloudWatchAlarmAction'], 'SageMaker watches it during a deployment and rolls back');
    grant(this.role, [allow(['cloudwatch:DescribeAlarms'], [errors.alarmArn])], 'SageMaker watches the rollback alarm with the role of the model');
    return [errors];
  }

  private get instanceType(): string {
    return this.settings.instanceType ?? 'ml.m5.large';
  }

  private metric(metricName: string, options: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({ namespace: 'AWS/SageMaker', metricName, dimensionsMap: { EndpointName: this.endpointName, VariantName: VARIANT }, ...options }).attachTo(this);
  }
}
