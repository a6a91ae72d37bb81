import { App, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { IArtifactStore, IS3ArtifactStore, S3ArtifactStore, S3CompatibleArtifactStore } from '../../lib';

export const stack = new Stack(new App(), 'readme');

const store: IS3ArtifactStore = new S3ArtifactStore(stack, 'ArtifactStore');
const data = store.uriFor('data/train/'); // s3://<bucket>/data/train/
store.onObjectCreated('NewData', { prefix: 'data/' });

const minio: IArtifactStore = new S3CompatibleArtifactStore(stack, 'Minio', { url: 'https://minio.acme.dev', bucket: 'acme-models', keys: Secret.fromSecretNameV2(stack, 'Keys', 'acme/minio') });

export { data, minio };
