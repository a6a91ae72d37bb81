import { at, Fault } from './fault';

const BUCKET = 'compose-your-own/ArtifactStore/Resource/Resource';

/** What holds data, keys and images. */
export const STORAGE: Fault[] = [
  { name: 'bucket-public', judge: 'cdk-nag', rule: 'NIST.800.53.R5-S3BucketPublicReadProhibited', harm: at(BUCKET, p => { delete p.PublicAccessBlockConfiguration; }) },
  { name: 'bucket-not-encrypted', judge: 'control tower', rule: 'CT.S3.PR.10', harm: at(BUCKET, p => { delete p.BucketEncryption; }) },
  { name: 'bucket-without-tls', judge: 'cdk-nag', rule: 'AwsSolutions-S10', harm: at('compose-your-own/ArtifactStore/Resource/Policy/Resource', p => { p.PolicyDocument.Statement.shift(); }) },
  { name: 'bucket-not-retained', judge: 'our rules', rule: 'STATEFUL_RETAINED', harm: at(BUCKET, (_, resource) => { delete resource.DeletionPolicy; }) },
  { name: 'key-never-rotated', judge: 'checkov', rule: 'CKV_AWS_7', harm: at('compose-your-own/ArtifactStore/Key/Resource', p => { p.EnableKeyRotation = false; }) },
  { name: 'feature-id-undefined', judge: 'our rules', rule: 'FEATURES_ARE_DEFINED', harm: at('extras/Features', p => { p.RecordIdentifierFeatureName = 'client'; }) },
  { name: 'registry-name-refused', judge: 'aws-cdk-lib', rule: 'F3031', harm: at('ModelRegistry/Resource', p => { p.ModelPackageGroupName = 'churn_models'; }) },
];
