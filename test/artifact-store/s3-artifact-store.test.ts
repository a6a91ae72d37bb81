import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { S3ArtifactStore } from '../../constructs/artifact-store';
import { actions, allowed, render, resource } from '../support/template';

const role = (stack: Stack) => new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });

describe('minimal', () => {
  const stack = new Stack(new App(), 'test');
  const store = new S3ArtifactStore(stack, 'Store');
  const binding = store.bind(role(stack));
  const template = Template.fromStack(stack);

  test('a bucket that is encrypted, private, versioned, tidied and retained', () => {
    const { Properties, DeletionPolicy, UpdateReplacePolicy } = resource(template, 'AWS::S3::Bucket');

    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    expect(Properties).toEqual({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ BucketKeyEnabled: true, ServerSideEncryptionByDefault: { KMSMasterKeyID: expect.stringMatching(/^<StoreKey.*\.Arn>$/), SSEAlgorithm: 'aws:kms' } }],
      },
      LifecycleConfiguration: { Rules: [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, NoncurrentVersionExpiration: { NoncurrentDays: 90 }, Status: 'Enabled' }] },
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      VersioningConfiguration: { Status: 'Enabled' },
    });
  });

  test('over TLS 1.2 only', () => {
    const { Statement } = resource(template, 'AWS::S3::BucketPolicy').Properties.PolicyDocument;

    expect(Statement.map(({ Effect, Condition }: any) => [Effect, Condition])).toEqual([
      ['Deny', { Bool: { 'aws:SecureTransport': 'false' } }], ['Deny', { NumericLessThan: { 's3:TlsVersion': 1.2 } }],
    ]);
  });

  test('with a key that rotates and is retained, and no custom resource', () => {
    expect(resource(template, 'AWS::KMS::Key')).toMatchObject({ Properties: { EnableKeyRotation: true, Description: 'Artifacts of test/Store' }, DeletionPolicy: 'Retain' });
    template.resourceCountIs('AWS::Lambda::Function', 0);
  });

  test('the logical ids of what is retained', () => {
    expect(Object.keys(template.findResources('AWS::S3::Bucket'))).toEqual(['StoreC1F82936']);
    expect(Object.keys(template.findResources('AWS::KMS::Key'))).toEqual(['StoreKey7A3C02BD']);
  });

  test('a client reads and writes, and is told the address', () => {
    expect(render(stack.resolve(binding))).toEqual({ provider: 's3', address: 's3://<StoreC1F82936>', variables: { MLOPS_ARTIFACT_STORE: 's3://<StoreC1F82936>' } });
    expect(allowed(template, 'Role').map(held => [held.actions.join(' '), held.resources.join(' ')])).toEqual([
      ['s3:GetObject', '<StoreC1F82936.Arn>/*'], ['s3:ListBucket', '<StoreC1F82936.Arn>'], ['kms:Decrypt', '<StoreKey7A3C02BD.Arn>'],
      ['s3:PutObject s3:AbortMultipartUpload', '<StoreC1F82936.Arn>/*'], ['kms:GenerateDataKey kms:Decrypt', '<StoreKey7A3C02BD.Arn>'],
    ]);
  });

  test('no action but the key policy of its own account holds a `*`', () => {
    expect(actions(template).filter(action => action.includes('*'))).toEqual(['kms:*']);
  });
});

test('maximal', () => {
  const stack = new Stack(new App({ context: { 'cdk-mlops:allowDestroy': true } }), 'test');
  const store = new S3ArtifactStore(stack, 'Store', { encryptionKey: new kms.Key(stack, 'Own'), keepOldVersions: Duration.days(7), removalPolicy: RemovalPolicy.DESTROY });
  const template = Template.fromStack(stack);
  const { Properties, DeletionPolicy } = resource(template, 'AWS::S3::Bucket');

  expect(DeletionPolicy).toBe('Delete');
  expect(Properties.LifecycleConfiguration.Rules[0].NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 7 });
  expect(Properties.BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.KMSMasterKeyID).toMatch(/^<Own/);
  template.resourceCountIs('AWS::KMS::Key', 1);
  expect(store.encryptionKey?.node.path).toBe('test/Own');
});

test('deleting takes two keys', () => {
  expect(() => new S3ArtifactStore(new Stack(new App(), 'test'), 'Store', { removalPolicy: RemovalPolicy.DESTROY })).toThrow(new Error(
    "'removalPolicy' must be RETAIN unless the context 'cdk-mlops:allowDestroy' is true, got DESTROY for 'test/Store': data would be deleted with the stack",
  ));
});

describe('import', () => {
  const stack = new Stack(new App(), 'test');
  const bucket = s3.Bucket.fromBucketAttributes(stack, 'Bucket', { bucketArn: 'arn:aws:s3:::acme', encryptionKey: kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:us-east-1:000000000000:key/1') });

  test('a folder of a bucket makes no resource, and is granted alone', () => {
    const store = S3ArtifactStore.fromBucket(stack, 'Store', { bucket, prefix: 'ml/prod/' });
    const client = role(stack);
    const { address } = store.bind(client);

    expect([address, store.uri, store.uriFor('data/x.csv'), store.prefix, store.bucketName, store.encryptionKey?.keyArn])
      .toEqual(['s3://acme/ml/prod', 's3://acme/ml/prod', 's3://acme/ml/prod/data/x.csv', 'ml/prod/', 'acme', 'arn:aws:kms:us-east-1:000000000000:key/1']);
    expect(allowed(Template.fromStack(stack), 'Role').map(held => [held.actions[0], held.resources.join(' ')])).toEqual([
      ['s3:GetObject', 'arn:aws:s3:::acme/ml/prod/*'], ['s3:ListBucket', 'arn:aws:s3:::acme'], ['kms:Decrypt', 'arn:aws:kms:us-east-1:000000000000:key/1'],
      ['s3:PutObject', 'arn:aws:s3:::acme/ml/prod/*'], ['kms:GenerateDataKey', 'arn:aws:kms:us-east-1:000000000000:key/1'],
    ]);
    expect(store.readPolicies('data/')[0].resources).toEqual(['arn:aws:s3:::acme/ml/prod/data/*']);
    expect(store.writePolicies('out/')[0].resources).toEqual(['arn:aws:s3:::acme/ml/prod/out/*']);
  });

  test('a whole bucket', () => {
    const store = S3ArtifactStore.fromBucket(stack, 'Whole', { bucket });

    expect([store.uri, store.uriFor('a'), store.prefix]).toEqual(['s3://acme', 's3://acme/a', '']);
  });

  test.each(['ml', '/ml/', 'a b/', 'a//'])("a folder '%s' is refused", prefix => {
    expect(() => S3ArtifactStore.fromBucket(stack, `Bad${prefix}`, { bucket, prefix })).toThrow(new Error(`'prefix' must be a folder that ends in '/', without *, ? or $, got '${prefix}'`));
  });

  test.each(['/data', ''])("a path '%s' is refused", path => {
    expect(() => S3ArtifactStore.fromBucket(new Stack(), 'Store', { bucket }).uriFor(path)).toThrow(new Error(`'path' must be a path in the store, without a '/' at the start, got '${path}'`));
  });
});

describe('a new object', () => {
  const stack = new Stack(new App(), 'test');
  const bucket = s3.Bucket.fromBucketName(stack, 'Bucket', 'acme');
  const target = new targets.SqsQueue(new sqs.Queue(stack, 'Queue'));
  S3ArtifactStore.fromBucket(stack, 'Store', { bucket, prefix: 'ml/' }).onObjectCreated('Data', { prefix: 'data/', target });
  S3ArtifactStore.fromBucket(stack, 'Whole', { bucket }).onObjectCreated('Any');
  const template = Template.fromStack(stack);
  const rule = (id: string) => resource(template, 'AWS::Events::Rule', id).Properties;

  test("is told by its folder, in the contract's words", () => {
    expect(rule('StoreData').EventPattern).toEqual({ 'source': ['aws.s3'], 'detail-type': ['Object Created'], 'detail': { bucket: { name: ['acme'] }, object: { key: [{ prefix: 'ml/data/' }] } } });
    expect(rule('StoreData').Targets[0].InputTransformer).toEqual({
      InputPathsMap: { 'detail-bucket-name': '$.detail.bucket.name', 'detail-object-key': '$.detail.object.key', 'detail-object-size': '$.detail.object.size', 'time': '$.time' },
      InputTemplate: '{"address":"s3://<detail-bucket-name>/<detail-object-key>","size":<detail-object-size>,"at":<time>}',
    });
  });

  test('anywhere in a bucket matches without a prefix', () => {
    expect(rule('WholeAny').EventPattern.detail).toEqual({ bucket: { name: ['acme'] } });
    expect(rule('WholeAny').Targets).toBeUndefined();
  });
});
