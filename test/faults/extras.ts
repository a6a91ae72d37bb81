import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sagemaker from 'aws-cdk-lib/aws-sagemaker';
import { Construct } from 'constructs';
import { S3ArtifactStore } from '../../constructs/artifact-store';
import { acknowledge, acknowledgeConstruction } from '../../constructs/core/acknowledge';
import { EncryptionKey } from '../../constructs/core/encryption-key';
import { SageMakerModelEndpoint } from '../../constructs/model-endpoint';

const ROLE = 'arn:aws:iam::111122223333:role/research';
const KEY = 'arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f';

/** Made right: what faults harm and no example has. Each twin holds it, beside the resources of an example. */
export class Extras extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id, { analyticsReporting: false });
    acknowledgeConstruction(this);
    const artifactStore = new S3ArtifactStore(this, 'Store');
    new SageMakerModelEndpoint(this, 'Endpoint', {
      artifactStore, modelUri: artifactStore.uriFor('models/model.tar.gz'), networkIsolation: true, volumeKey: new EncryptionKey(this, 'VolumeKey'), bakeTime: Duration.minutes(5),
    });
    const variant = { variantName: 'AllTraffic', modelName: 'model', initialVariantWeight: 1 };
    new sagemaker.CfnEndpointConfig(this, 'Serverless', { productionVariants: [{ ...variant, serverlessConfig: { memorySizeInMb: 2048, maxConcurrency: 5 } }], kmsKeyId: KEY });
    const gpu = new sagemaker.CfnEndpointConfig(this, 'Gpu', { productionVariants: [{ ...variant, instanceType: 'ml.g5.xlarge', initialInstanceCount: 1 }] });
    acknowledge(gpu, ['CKV_AWS_98', 'NIST.800.53.R5-SageMakerEndpointConfigurationKMSKeyConfigured'], 'the hardware encrypts its disks, and SageMaker refuses a key');

    const group = new ec2.CfnSecurityGroup(this, 'SecurityGroup', {
      groupDescription: 'Research', vpcId: 'vpc-0a1b2c3d4e5f60718',
      securityGroupIngress: [{ ipProtocol: 'tcp', fromPort: 443, toPort: 443, cidrIp: '10.0.0.0/16', description: 'Inside' }],
      securityGroupEgress: [{ ipProtocol: 'tcp', fromPort: 443, toPort: 443, cidrIp: '10.0.0.0/16', description: 'Inside' }],
    });
    const notebook = new sagemaker.CfnNotebookInstance(this, 'Notebook', {
      instanceType: 'ml.t3.medium', roleArn: ROLE, directInternetAccess: 'Disabled', rootAccess: 'Disabled', subnetId: 'subnet-0a1b2c3d4e5f60718',
      securityGroupIds: [group.attrGroupId], kmsKeyId: KEY, instanceMetadataServiceConfiguration: { minimumInstanceMetadataServiceVersion: '2' },
    });
    acknowledge(notebook, ['CKV2_AWS_68'], 'its role is not made here');
    new sagemaker.CfnFeatureGroup(this, 'Features', {
      featureGroupName: 'customers', recordIdentifierFeatureName: 'customer', eventTimeFeatureName: 'at', roleArn: ROLE,
      featureDefinitions: [{ featureName: 'customer', featureType: 'String' }, { featureName: 'at', featureType: 'String' }],
      onlineStoreConfig: { EnableOnlineStore: true, SecurityConfig: { KmsKeyId: KEY } },
    }).applyRemovalPolicy(RemovalPolicy.RETAIN);
    new lambda.CfnUrl(this, 'Url', { authType: 'AWS_IAM', targetFunctionArn: 'arn:aws:lambda:us-east-1:111122223333:function:predict' });
  }
}
