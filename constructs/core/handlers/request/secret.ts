import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { fieldOf } from '../credential';
import { HttpError } from './http';

const secrets = new SecretsManagerClient({});

/** What AWS knows the function by. */
export const identity = () => secrets.config.credentials();

/** Reads a secret, or one field of its JSON. */
export function secretReader(arn: string, name?: string): () => Promise<string> {
  return async () => {
    const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: arn }));
    const value = name === undefined ? SecretString : fieldOf(SecretString, name);
    if (value) return value;
    throw new HttpError('Http.AccessDenied', name === undefined ? 'the secret is empty' : `the secret is no JSON object with a text in its field '${name}'`);
  };
}
