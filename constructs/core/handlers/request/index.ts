import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Answer, Caller, Request } from './caller';
import { HttpError, send } from './http';

const { SERVICE_URL, CREDENTIALS, SECRET_ARN, SECRET_FIELD } = process.env as { [name: string]: string };
const secrets = new SecretsManagerClient({});

const caller = new Caller({ url: SERVICE_URL, credentials: JSON.parse(CREDENTIALS) }, {
  now: () => Date.now(),
  secret: async () => {
    const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: SECRET_ARN }));
    const value = SECRET_FIELD === undefined ? SecretString : field(SecretString);
    if (value) return value;
    throw new HttpError('Http.AccessDenied', SECRET_FIELD === undefined ? 'the secret is empty' : `the secret is no JSON object with a text in its field '${SECRET_FIELD}'`);
  },
  send,
});

function field(text: string): string | undefined {
  try {
    const value = Object(JSON.parse(text))[SECRET_FIELD];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

export const handler = (request: Request): Promise<Answer> => caller.answer(request);
