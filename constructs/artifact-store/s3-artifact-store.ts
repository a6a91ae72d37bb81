import { Duration, Names, RemovalPolicy } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { Binding, ComponentEvent, Jsonata, ObjectRead } from '../core';
import { acknowledge } from '../core/acknowledge';
import { EncryptionKey } from '../core/encryption-key';
import { grant, readObjects, writeObjects } from '../core/grants';
import { retention } from '../core/retention';
import { check, duration, fixed, like, text } from '../core/validation';
import { IS3ArtifactStore, ObjectCreatedOptions } from './artifact-store';

/** Properties of an `S3ArtifactStore`. */
export interface S3ArtifactStoreProps {
  /**
   * The key that encrypts the objects.
   * @default - a new key, rotated each year, retained like the bucket
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * How long a version that was overwritten or deleted is kept.
   * @default Duration.days(90)
   */
  readonly keepOldVersions?: Duration;
  /**
   * The bucket that holds the log of the accesses to this one, under a prefix of its own.
   * @default - accesses are not logged
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
   */
  readonly accessLogs?: s3.IBucket;
  /**
   * DESTROY needs the context `cdk-mlops:allowDestroy` too, and an empty bucket.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** A bucket that exists, and where in it the store is. */
export interface S3ArtifactStoreAttributes {
  /** The bucket. Its encryption key, where it has one, is taken from it. For events, it must send them to EventBridge. */
  readonly bucket: s3.IBucket;
  /**
   * A folder of the bucket, ending in `/`.
   * @default - the whole bucket
   */
  readonly prefix?: string;
}

/** The contract over a bucket, new or existing. */
export abstract class S3ArtifactStoreBase extends Construct implements IS3ArtifactStore {
  /** The bucket. */
  public abstract readonly bucket: s3.IBucket;
  public abstract readonly prefix: string;

  public get bucketName(): string {
    return this.bucket.bucketName;
  }

  public get encryptionKey(): kms.IKey | undefined {
    return this.bucket.encryptionKey;
  }

  public get uri(): string {
    return `s3://${this.bucket.bucketName}${this.prefix ? `/${this.prefix.slice(0, -1)}` : ''}`;
  }

  public uriFor(path: string): string {
    check({ path }, z => ({ path: text(z, /^[^/\p{C}][^\p{C}]{0,1023}$/u, "a path in the store, without a '/' at the start") }), 'path');
    return `${this.uri}/${path}`;
  }

  public readPolicies(path: string = ''): iam.PolicyStatement[] {
    return readObjects(this.bucket, this.prefix + path);
  }

  public writePolicies(path: string = ''): iam.PolicyStatement[] {
    return writeObjects(this.bucket, this.prefix + path);
  }

  public read(name: string, path: string, rest: string = ''): ObjectRead {
    const Key = Jsonata.join(this.prefix, path, rest);
    return { call: { name, resource: 'aws-sdk:s3:getObject', policies: this.readPolicies(path), arguments: { Bucket: this.bucketName, Key } }, text: '$states.result.Body' };
  }

  public onObjectCreated(id: string, options: ObjectCreatedOptions = {}): events.Rule {
    check(options, z => ({ prefix: text(z, /^[^\p{C}]{0,1024}$/u, 'the start of a path in the store'), target: like(z, 'a target (events.IRuleTarget)', 'bind') }));
    const prefix = this.prefix + (options.prefix ?? '');
    return new ComponentEvent(this, id, {
      pattern: {
        source: ['aws.s3'], detailType: ['Object Created'],
        detail: { bucket: { name: [this.bucketName] }, ...prefix && { object: { key: [{ prefix }] } } },
      },
      payload: {
        address: `s3://${events.EventField.fromPath('$.detail.bucket.name')}/${events.EventField.fromPath('$.detail.object.key')}`,
        size: events.EventField.fromPath('$.detail.object.size'),
        at: events.EventField.time,
      },
      target: options.target,
    });
  }

  public bind(client: iam.IGrantable): Binding {
    grant(client, [...this.readPolicies(), ...this.writePolicies()], 'reads and writes artifacts');
    return { provider: 's3', address: this.uri, variables: { MLOPS_ARTIFACT_STORE: this.uri } };
  }
}

/** Stores artifacts in an S3 bucket: encrypted with KMS, over TLS only, private, versioned, retained. */
export class S3ArtifactStore extends S3ArtifactStoreBase {
  /** A store in a bucket that exists. */
  public static fromBucket(scope: Construct, id: string, attributes: S3ArtifactStoreAttributes): IS3ArtifactStore {
    check(attributes, z => ({
      bucket: like(z, 'a bucket (s3.IBucket)', 'bucketName', 'arnForObjects'),
      // What IAM reads as a pattern or a variable would stand in policies.
      prefix: fixed(z, /^(?=.{0,512}$)([^/\s*?$\p{C}]+\/)*$/u, "a folder that ends in '/', without *, ? or $"),
    }), 'bucket');
    class Import extends S3ArtifactStoreBase {
      public readonly bucket = attributes.bucket;
      public readonly prefix = attributes.prefix ?? '';
    }
    return new Import(scope, id);
  }

  public readonly bucket: s3.IBucket;
  public readonly prefix: string = '';

  constructor(scope: Construct, id: string, props: S3ArtifactStoreProps = {}) {
    super(scope, id);
    check(props, z => ({ encryptionKey: like(z, 'a key (kms.IKey)', 'keyArn'), accessLogs: like(z, 'a bucket (s3.IBucket)', 'bucketName'), keepOldVersions: duration(z, 'days', 1, 36500) }));
    const removalPolicy = retention(this, props.removalPolicy);
    const encryptionKey = props.encryptionKey
      ?? new EncryptionKey(this, 'Key', { removalPolicy, description: `Artifacts of ${this.node.path}` });
    const bucket = new s3.Bucket(this, 'Resource', {
      encryption: s3.BucketEncryption.KMS,
      encryptionKey,
      bucketKeyEnabled: true,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      versioned: true,
      lifecycleRules: [{ noncurrentVersionExpiration: props.keepOldVersions ?? Duration.days(90), abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      serverAccessLogsBucket: props.accessLogs, serverAccessLogsPrefix: props.accessLogs && `${Names.uniqueResourceName(this, { maxLength: 60 })}/`,
      removalPolicy,
    });
    if (!props.accessLogs) acknowledge(bucket, ['AwsSolutions-S1', 'NIST.800.53.R5-S3BucketLoggingEnabled', 'CKV_AWS_18', 'CT.S3.PR.2'], "give 'accessLogs', a bucket of the account that holds them");
    acknowledge(bucket, ['NIST.800.53.R5-S3BucketReplicationEnabled'], 'versions and the retained key guard against loss; a second region is a choice of the account');
    acknowledge(bucket, ['CT.S3.PR.9'], 'a lock would keep old versions from being expired');
    // The L2's `eventBridgeEnabled` brings a custom resource; the property itself needs none.
    (bucket.node.defaultChild as s3.CfnBucket).notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    this.bucket = bucket;
  }
}
