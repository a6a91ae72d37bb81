import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint, Jsonata, ObjectRead, ProbeSubject } from '../core';
import { check, FILLED, fixed, like, text } from '../core/validation';
import { IArtifactStore } from './artifact-store';

/** Properties of an `S3CompatibleArtifactStore`. */
export interface S3CompatibleArtifactStoreProps {
  /** The https:// URL of the API, which takes the bucket as the first part of a path. */
  readonly url: string;
  /** The bucket, which exists. */
  readonly bucket: string;
  /** A JSON object with the id of a key, and the key, that read and write the bucket. */
  readonly keys: ISecret;
  /**
   * The field of the key's id.
   * @default accessKeyId
   */
  readonly accessKeyIdField?: string;
  /**
   * The field of the key.
   * @default secretAccessKey
   */
  readonly secretAccessKeyField?: string;
  /**
   * The region, as the service has it; Cloudflare R2's is `auto`.
   * @default us-east-1
   */
  readonly region?: string;
  /**
   * A folder of the bucket, ending in `/`.
   * @default - the whole bucket
   */
  readonly prefix?: string;
}

const [KEY_ID, KEY] = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];

/**
 * Stores artifacts with any service that speaks S3's API: MinIO, Ceph, Cloudflare R2. AWS's own services do not reach it.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
 */
export class S3CompatibleArtifactStore extends Construct implements IArtifactStore {
  public readonly uri: string;
  private readonly service: ExternalEndpoint;
  private readonly fields: { [name: string]: string };
  private readonly region: string;

  constructor(scope: Construct, id: string, private readonly props: S3CompatibleArtifactStoreProps) {
    super(scope, id);
    check(props, z => ({
      bucket: fixed(z, /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket'), keys: like(z, 'a secret (ISecret)', 'secretArn'), region: fixed(z, /^[a-z0-9-]{1,64}$/, 'a region of lower-case letters, digits and -'),
      accessKeyIdField: text(z, ...FILLED), secretAccessKeyField: text(z, ...FILLED),
      prefix: fixed(z, /^(?=.{0,512}$)([\w.~-]+\/)*$/, "a folder that ends in '/', of letters, digits and - . _ ~"),
    }), 'bucket', 'keys');
    const { url, bucket, keys, accessKeyIdField = 'accessKeyId', secretAccessKeyField = 'secretAccessKey', prefix = '', region = 'us-east-1' } = props;
    this.service = new ExternalEndpoint(url, Auth.sigv4(keys, { service: 's3', region, accessKeyIdField, secretAccessKeyField }));
    this.service.warnIfLoopback(this);
    this.fields = { [KEY_ID]: accessKeyIdField, [KEY]: secretAccessKeyField };
    this.region = region;
    this.uri = `s3://${bucket}${prefix && `/${prefix.slice(0, -1)}`}`;
  }

  public uriFor(path: string): string {
    check({ path }, z => ({ path: text(z, /^[^/\p{C}][^\p{C}]{0,1023}$/u, "a path in the store, without a '/' at the start") }), 'path');
    return `${this.uri}/${path}`;
  }

  public readPolicies(_path?: string): iam.PolicyStatement[] {
    return [];
  }

  public writePolicies(_path?: string): iam.PolicyStatement[] {
    return [];
  }

  public read(name: string, path: string, rest: string = ''): ObjectRead {
    const known = `/${this.props.bucket}/${this.props.prefix ?? ''}${path}`.split('/').map(encodeURIComponent).join('/');
    return {
      call: this.service.request(this, name, { path: Jsonata.join(known, rest) }),
      // What says that it is JSON arrives parsed.
      text: "($type($states.result.ResponseBody) = 'string' ? $states.result.ResponseBody : $string($states.result.ResponseBody))",
    };
  }

  /** In the names of AWS's SDKs: the keys take the place of an AWS identity that the client has. */
  public bind(_client: iam.IGrantable): Binding {
    const { keys: secret, bucket } = this.props;
    const { url, auth } = this.service;
    const keys = JSON.stringify(Object.fromEntries(Object.entries(this.fields).map(([name, field]) => [field, `\${${name}}`])));
    return {
      provider: 's3-compatible', address: this.uri,
      variables: { MLOPS_ARTIFACT_STORE: this.uri, AWS_ENDPOINT_URL_S3: url, AWS_DEFAULT_REGION: this.region },
      secrets: Object.fromEntries(Object.entries(this.fields).map(([name, field]) => [name, { secret, field }])),
      probes: [{ shows: ProbeSubject.ALIVE, url }, { shows: ProbeSubject.AUTHORIZED, url: `${url}/${bucket}`, method: 'HEAD', ...auth.credentials(keys, url) }],
    };
  }
}
