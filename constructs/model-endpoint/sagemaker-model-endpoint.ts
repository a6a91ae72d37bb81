import * as sagemaker from 'aws-cdk-lib/aws-sagemaker';
import { Construct } from 'constructs';
import { IS3ArtifactStore } from '../artifact-store/artifact-store';
import { grant } from '../core/grants';
import { check, like, text } from '../core/validation';
import { stableName } from '../sagemaker/names';
import { SageMakerImage } from '../sagemaker/sagemaker-image';
import { IModelEndpoint } from './model-endpoint';
import { SageMakerEndpoint, SageMakerEndpointBase, SageMakerEndpointProps, VARIANT } from './sagemaker-endpoint';

/** Properties of a `SageMakerModelEndpoint`. */
export interface SageMakerModelEndpointProps extends SageMakerEndpointProps {
  /** The model's s3:// address. */
  readonly modelUri: string;
  /**
   * Where the model lies.
   * @default - in `artifactStore`
   */
  readonly modelStore?: IS3ArtifactStore;
  /**
   * The image that serves the model.
   * @default SageMakerImage.scikitLearn()
   */
  readonly image?: SageMakerImage;
}

/**
 * Serves a model that is known at deploy time, as a SageMaker real-time endpoint: plain CloudFormation. For versions from a
 * registry, see `DeployableSageMakerEndpoint`.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sagemaker-endpoint.html
 */
export class SageMakerModelEndpoint extends SageMakerEndpoint {
  /** A SageMaker endpoint that exists. */
  public static fromEndpointName(scope: Construct, id: string, endpointName: string): IModelEndpoint {
    check({ endpointName }, z => ({ endpointName: text(z, /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/, 'at most 63 letters, digits and -') }), 'endpointName');
    class Import extends SageMakerEndpointBase {
      public readonly endpointName = endpointName;
    }
    return new Import(scope, id);
  }

  public readonly endpointName: string;

  constructor(scope: Construct, id: string, props: SageMakerModelEndpointProps) {
    super(scope, id, { ...props, images: props?.images ?? (props?.image && [props.image]) });
    check(props, z => ({
      modelUri: text(z, /^s3:\/\/[^/\p{C}]+\/[^\p{C}]+$/u, 'an s3:// address'), modelStore: like(z, 'an artifact store in S3 (IS3ArtifactStore)', 'uriFor', 'bucketName'),
    }), 'modelUri');
    grant(this.role, (props.modelStore ?? props.artifactStore).readPolicies(), 'loads the model');
    const { ExecutionRoleArn, PrimaryContainer, EnableNetworkIsolation, VpcConfig } = this._model((props.image ?? SageMakerImage.scikitLearn()).bind(this).uri, props.modelUri);
    const model = new sagemaker.CfnModel(this, 'Model', {
      executionRoleArn: ExecutionRoleArn, enableNetworkIsolation: EnableNetworkIsolation,
      primaryContainer: { image: PrimaryContainer.Image, modelDataUrl: PrimaryContainer.ModelDataUrl, environment: PrimaryContainer.Environment },
      vpcConfig: VpcConfig && { subnets: VpcConfig.Subnets, securityGroupIds: VpcConfig.SecurityGroupIds },
    });
    // The model is not read before its role may read it.
    model.node.addDependency(this.role);
    const config = new sagemaker.CfnEndpointConfig(this, 'Config', {
      productionVariants: [{
        variantName: VARIANT, modelName: model.attrModelName, instanceType: this._variant.InstanceType, initialInstanceCount: this._variant.InitialInstanceCount, initialVariantWeight: 1,
      }],
      kmsKeyId: this.volumeKey?.keyArn,
      dataCaptureConfig: {
        enableCapture: this._capture.EnableCapture, initialSamplingPercentage: this._capture.InitialSamplingPercentage, destinationS3Uri: this._capture.DestinationS3Uri,
        kmsKeyId: this._capture.KmsKeyId, captureOptions: [{ captureMode: 'Input' }, { captureMode: 'Output' }],
        captureContentTypeHeader: { csvContentTypes: ['text/csv'], jsonContentTypes: ['application/json'] },
      },
    });
    // Known at synth: the alarms watch the endpoint by its name, and the endpoint names its alarms.
    this.endpointName = stableName(this, 63);
    const endpoint = new sagemaker.CfnEndpoint(this, 'Resource', { endpointName: this.endpointName, endpointConfigName: config.attrEndpointConfigName });
    const { BlueGreenUpdatePolicy: { TrafficRoutingConfiguration, MaximumExecutionTimeoutInSeconds }, AutoRollbackConfiguration } = this._deploymentConfig(this.rollbackAlarms());
    endpoint.deploymentConfig = {
      blueGreenUpdatePolicy: {
        trafficRoutingConfiguration: { type: TrafficRoutingConfiguration.Type, waitIntervalInSeconds: TrafficRoutingConfiguration.WaitIntervalInSeconds },
        maximumExecutionTimeoutInSeconds: MaximumExecutionTimeoutInSeconds,
      },
      autoRollbackConfiguration: { alarms: AutoRollbackConfiguration.Alarms.map(({ AlarmName }) => ({ alarmName: AlarmName })) },
    };
  }
}
