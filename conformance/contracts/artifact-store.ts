import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { IArtifactStore, IS3ArtifactStore, ObjectCreatedOptions } from '../../constructs/artifact-store/artifact-store';
import { ObjectRead } from '../../constructs/core';
import { readObjects, writeObjects } from '../../constructs/core/grants';
import { Contract } from '../contract';
import { StandIn } from '../stand-in';

const PAYLOAD = ['address', 'size', 'at'];

/** A bucket and its key, whose policies a provider beside it might touch. */
export class StandInArtifactStore extends StandIn implements IS3ArtifactStore {
  public readonly prefix: string = '';
  public readonly encryptionKey: kms.IKey;
  private readonly bucket: s3.IBucket;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.encryptionKey = new kms.Key(this, 'Key');
    this.bucket = new s3.Bucket(this, 'Bucket', { encryptionKey: this.encryptionKey });
  }

  public get uri(): string {
    return `s3://${this.bucketName}`;
  }

  public get bucketName(): string {
    return this.bucket.bucketName;
  }

  public uriFor(path: string): string {
    return `${this.uri}/${path}`;
  }

  public readPolicies(path?: string): iam.PolicyStatement[] {
    return readObjects(this.bucket, path);
  }

  public writePolicies(path?: string): iam.PolicyStatement[] {
    return writeObjects(this.bucket, path);
  }

  public read(name: string, path: string, rest: string = ''): ObjectRead {
    return { call: { name, resource: 'aws-sdk:s3:getObject', policies: this.readPolicies(path), arguments: { Bucket: this.bucketName, Key: `${path}${rest}` } }, text: '$states.result.Body' };
  }

  public onObjectCreated(id: string, options: ObjectCreatedOptions = {}): events.Rule {
    return this.rule(id, PAYLOAD, options.target);
  }
}

export const ARTIFACT_STORE: Contract<IArtifactStore> = {
  component: 'artifact-store',
  standIn: scope => new StandInArtifactStore(scope, 'StandIn'),
  verbs: {},
  events: {},
  properties: { 'properties: addresses': addresses, 'properties: reads': reads },
  policies: store => [...store.readPolicies('data/'), ...store.writePolicies('models/')],
};

export const S3_ARTIFACT_STORE: Contract<IS3ArtifactStore> = {
  ...ARTIFACT_STORE as Contract<any>,
  events: {
    onObjectCreated: { rule: (store, id, target) => store.onObjectCreated(id, { prefix: 'data/', target }), payload: PAYLOAD },
  },
  properties: { 'properties: addresses': store => { inBucket(store); addresses(store); }, 'properties: reads': reads },
};

function addresses(store: IArtifactStore) {
  const { uri } = store;
  if (!/^s3:\/\/[^/]+(\/[^/]+)*$/.test(uri)) throw new Error(`'uri' must be s3://<bucket>[/<prefix>] without a '/' at the end, got '${uri}'`);
  const path = store.uriFor('data/train.csv');
  if (path !== `${uri}/data/train.csv`) throw new Error(`'uriFor' must answer '${uri}/data/train.csv' for 'data/train.csv', got '${path}'`);
}

function inBucket({ uri, bucketName, prefix }: IS3ArtifactStore) {
  if (!/^(.*[^/]\/)?$/.test(prefix) || prefix.startsWith('/')) throw new Error(`'prefix' must be empty or end in one '/', got '${prefix}'`);
  const wanted = `s3://${bucketName}${prefix && `/${prefix.slice(0, -1)}`}`;
  if (uri !== wanted) throw new Error(`'uri' must be s3://<bucketName>[/<prefix>] without a '/' at the end, '${wanted}', got '${uri}'`);
}

function reads(store: IArtifactStore) {
  const { call, text } = store.read('sample', 'data/', 'sample.csv');
  if (call.name !== 'sample' || call.value !== undefined) throw new Error(`'read' must answer a call of the name 'sample' without a value, got '${call.name}'${call.value === undefined ? '' : ' with one'}`);
  if (!text.includes('$states.result') || text.startsWith('{%')) throw new Error(`'read' must answer JSONata over $states.result, without {% %}, got '${text}'`);
  if (!JSON.stringify(call.arguments).includes('data/sample.csv')) throw new Error(`'read' must ask for 'data/sample.csv', got ${JSON.stringify(call.arguments)}`);
}
