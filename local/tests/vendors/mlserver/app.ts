/** State machines that deploy to the MLServer of examples/bring-your-own-vendor, and ask it. */
import * as s3 from 'aws-cdk-lib/aws-s3';
import { DeployableOpenInferenceEndpoint, IDeployableEndpoint, S3ArtifactStore } from '../../../../lib';
import { app, given } from '../app';

app('mlserver', (stack, url, store) => {
  const bucket = s3.Bucket.fromBucketName(stack, 'RepositoryBucket', store.bucketName);
  const endpoint: IDeployableEndpoint = new DeployableOpenInferenceEndpoint(stack, 'Endpoint', {
    url, model: 'sums', implementation: 'sagemaker_model.SageMakerModel', repository: S3ArtifactStore.fromBucket(stack, 'Repository', { bucket, prefix: 'ml/models/' }),
  });
  return {
    Deploy: endpoint.deploy(stack, 'Deploy', { version: given('version'), modelUri: given('modelUri'), image: 'none', store }),
    Infer: endpoint.infer(stack, 'Infer', { instances: given('rows') }),
  };
});
