import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { IComponent, ObjectRead } from '../core';

/** Which new objects, and who is told. */
export interface ObjectCreatedOptions {
  /**
   * Only objects whose path in the store starts with this.
   * @default - every object
   */
  readonly prefix?: string;
  /**
   * Receives `address` (s3://...), `size` (bytes) and `at` (ISO 8601).
   * @default - nobody; the rule's metrics count the objects
   */
  readonly target?: events.IRuleTarget;
}

/** Holds data sets, models and whatever else a run reads or leaves, behind S3's API. */
export interface IArtifactStore extends IComponent {
  /** The store's address, `s3://<bucket>[/<prefix>]`, without a `/` at the end. */
  readonly uri: string;
  /** The address of `path` in the store. */
  uriFor(path: string): string;
  /** What reading under `path` needs to be allowed in AWS; nothing where keys of the store's own allow it. */
  readPolicies(path?: string): iam.PolicyStatement[];
  /** What writing under `path` needs to be allowed in AWS; nothing where keys of the store's own allow it. */
  writePolicies(path?: string): iam.PolicyStatement[];
  /**
   * How a step reads an object, of at most 256 KB.
   * @param name names the call in the step
   * @param path from the store's root on
   * @param rest what follows `path`; may hold JSONata. Default: nothing
   */
  read(name: string, path: string, rest?: string): ObjectRead;
}

/** An artifact store that AWS's own services reach: a bucket in S3. */
export interface IS3ArtifactStore extends IArtifactStore {
  /** The bucket's name. */
  readonly bucketName: string;
  /** What stands before every path of the store in the bucket: empty, or ends in `/`. */
  readonly prefix: string;
  /**
   * The key that encrypts the objects.
   * @default - the provider's own
   */
  readonly encryptionKey?: kms.IKey;
  /** Tells a target of each new object. */
  onObjectCreated(id: string, options?: ObjectCreatedOptions): events.Rule;
}
