import * as s3 from 'aws-cdk-lib/aws-s3';
import { IArtifactStore, S3ArtifactStore } from '../../constructs/artifact-store';
import { EXISTS, policy, refuse, removal } from './fields';
import { Providers } from './provider';

export const STORES: Providers<IArtifactStore> = {
  s3: {
    fields: z => ({
      bucket: z.string().regex(/^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, { error: 'must be the name of a bucket' }).optional(), prefix: z.string().optional(), removal: removal(z),
    }),
    props: { removalPolicy: 'removal' },
    create: (scope, id, settings) => {
      const { bucket, prefix, removal } = settings;
      if (bucket === undefined) {
        refuse(settings, ['prefix'], 'without', 'bucket', 'a new bucket is used as a whole');
        return new S3ArtifactStore(scope, id, { removalPolicy: policy(removal) });
      }
      refuse(settings, ['removal'], 'with', 'bucket', EXISTS);
      return S3ArtifactStore.fromBucket(scope, id, { bucket: s3.Bucket.fromBucketName(scope, `${id}Bucket`, bucket), prefix });
    },
  },
};
