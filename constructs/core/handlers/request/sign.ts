import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { SigV4 } from '../../credentials';
import { HttpError, Outgoing } from './http';

/** SHA-256 as the signer takes it. */
class Sha256 {
  private readonly hash;

  constructor(key?: any) {
    this.hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  }

  public update(data: any): void {
    this.hash.update(data);
  }

  public reset(): void {
    throw new Error('a digest is made once');
  }

  public async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
}

/** What a request is signed with. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The key that `signature` names, and its id; without it, the identity of the function. */
export async function keysOf({ keys, accessKeyIdField = 'accessKeyId', secretAccessKeyField = 'secretAccessKey' }: SigV4, identity: () => Promise<Keys>): Promise<Keys> {
  if (keys === undefined) return identity();
  const fields = fieldsOf(keys);
  const read = (name: string): string => {
    if (typeof fields[name] === 'string' && fields[name]) return fields[name];
    throw new HttpError('Http.AccessDenied', `the secret has no field '${name}': put the key and its id there`);
  };
  return { accessKeyId: read(accessKeyIdField), secretAccessKey: read(secretAccessKeyField) };
}

/** The headers of `outgoing`, signed. */
export async function signed({ url, method, headers, body }: Outgoing, { region, service }: SigV4, credentials: Keys): Promise<{ [name: string]: string }> {
  // S3 alone takes a path as it stands.
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256, uriEscapePath: service !== 's3' });
  const query: { [name: string]: string[] } = {};
  for (const [name, value] of url.searchParams) (query[name] ??= []).push(value);
  const { headers: all } = await signer.sign({
    method, body, protocol: url.protocol, hostname: url.hostname, port: url.port ? Number(url.port) : undefined, path: url.pathname, query, headers: { ...headers, host: url.host },
  });
  return all;
}

function fieldsOf(keys: string): { [field: string]: unknown } {
  try {
    return Object(JSON.parse(keys));
  } catch {
    return {};
  }
}
