import { App, Stack } from 'aws-cdk-lib';
import { IArtifactStore, S3ArtifactStore } from '../../lib';

export const stack = new Stack(new App(), 'readme');

const store: IArtifactStore = new S3ArtifactStore(stack, 'ArtifactStore');
const data = store.uriFor('data/train/'); // s3://<bucket>/data/train/
store.onObjectCreated('NewData', { prefix: 'data/' });

export { data };
