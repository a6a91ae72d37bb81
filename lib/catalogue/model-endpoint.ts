import { Duration, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { IS3ArtifactStore, S3ArtifactStore } from '../../constructs/artifact-store';
import { DeployableOpenInferenceEndpoint, DeployableSageMakerEndpoint, IModelEndpoint, OpenInferenceEndpoint } from '../../constructs/model-endpoint';
import { access, auth, refuse, toImage } from './fields';
import { Providers } from './provider';

export const ENDPOINTS: Providers<IModelEndpoint, { store: IS3ArtifactStore; images: string[] }> = {
  'sagemaker': {
    fields: z => ({
      name: z.string().optional(), instanceType: z.string().optional(), instanceCount: z.number().optional(), capturePercentage: z.number().optional(),
      bakeMinutes: z.number().min(0).max(60).optional(), networkIsolation: z.boolean().optional(),
    }),
    props: { endpointName: 'name' },
    create: (scope, id, { name, instanceType, instanceCount, capturePercentage, bakeMinutes, networkIsolation }, { store, images }) => new DeployableSageMakerEndpoint(scope, id, {
      artifactStore: store, endpointName: name, instanceType, instanceCount, capturePercentage, networkIsolation, images: images.map(toImage),
      bakeTime: bakeMinutes === undefined ? undefined : Duration.seconds(Math.round(bakeMinutes * 60)),
    }),
  },
  'open-inference': {
    fields: z => ({
      url: z.string(), model: z.string().default('model'),
      repository: z.string().regex(/^[^/\s]+(\/[^/\s]+)*\/?$/, { error: "must be a folder of the artifact store, such as 'models'" }).optional(),
      implementation: z.string().optional(), ...access(z),
    }),
    props: { prefix: 'repository' },
    create: (scope, id, settings, { store }) => {
      const { url, model, repository, implementation } = settings;
      const props = { url, model, auth: auth(scope, id, settings) };
      if (repository === undefined) {
        refuse(settings, ['implementation'], 'without', 'repository', 'nothing is deployed to such an endpoint');
        return new OpenInferenceEndpoint(scope, id, props);
      }
      const bucket = s3.Bucket.fromBucketAttributes(scope, `${id}Bucket`, { bucketArn: `arn:${Stack.of(scope).partition}:s3:::${store.bucketName}`, encryptionKey: store.encryptionKey });
      const folder = S3ArtifactStore.fromBucket(scope, `${id}Repository`, { bucket, prefix: `${store.prefix}${repository.replace(/\/?$/, '/')}` });
      return new DeployableOpenInferenceEndpoint(scope, id, { ...props, implementation, repository: folder });
    },
  },
};
