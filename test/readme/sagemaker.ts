import { App, Stack } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { S3ArtifactStore, SageMakerImage, SageMakerModelTrainer } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const store = new S3ArtifactStore(stack, 'ArtifactStore');

const image = SageMakerImage.fromEcr(ecr.Repository.fromRepositoryName(stack, 'Repository', 'acme/train'), 'v1');
new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: store, image, instanceType: 'ml.g5.xlarge' });
