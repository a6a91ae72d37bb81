import { RemovalPolicy } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth } from '../../constructs/core';
import { got } from '../../constructs/core/validation';
import { SageMakerImage } from '../../constructs/sagemaker';
import { Settings, Z } from './provider';

const SECRET = /^(arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}|[\w/+=.@-]{1,512})$/;

export const secretName = (z: Z) => z.string().regex(SECRET, { error: 'must be the name, or the whole ARN, of a secret in AWS Secrets Manager' });
export const credential = (z: Z) => ({ username: z.string().optional(), secret: secretName(z).optional(), field: z.string().optional() });
export const key = (z: Z) => ({ secret: secretName(z), field: z.string().optional() });

/** A secret that exists, by its name or its whole ARN. */
export function held(scope: Construct, id: string, secret: string): secretsmanager.ISecret {
  return secret.startsWith('arn:')
    ? secretsmanager.Secret.fromSecretCompleteArn(scope, `${id}Secret`, secret) : secretsmanager.Secret.fromSecretNameV2(scope, `${id}Secret`, secret);
}

/** How a service knows who calls it. */
export interface Callers {
  readonly user?: (username: string, password: secretsmanager.ISecret, field?: string) => Auth;
  readonly token?: (secret: secretsmanager.ISecret, field?: string) => Auth;
}

/** Who is called how: a user (Basic) with a user name, a token (Bearer) without, nothing without a secret. */
export function auth(scope: Construct, id: string, { username, secret, field }: Settings, { user = Auth.basic, token = Auth.bearer }: Callers = {}): Auth {
  if (secret === undefined) {
    if (username !== undefined || field !== undefined) throw new Error("'secret' must name the secret that goes with 'username' or 'field', got none");
    return Auth.none();
  }
  const password = held(scope, id, secret);
  return username === undefined ? token(password, field) : user(username, password, field);
}

/** Settings that take no effect next to `field`, or without it, are refused: whoever wrote them expects one. */
export function refuse(settings: Settings, fields: string[], relation: 'with' | 'without', field: string, why: string) {
  const idle = fields.find(name => settings[name] !== undefined);
  if (idle !== undefined) throw new Error(`'${idle}' must be left out ${relation} '${field}', ${got(settings[idle])}: ${why}`);
}

export const EXISTS = 'what exists already is taken as it is';

export const removal = (z: Z) => z.enum(['retain', 'destroy']).optional();
export const policy = (value?: string) => value === 'destroy' ? RemovalPolicy.DESTROY : undefined;

export const IMAGE = /^(scikit-learn(:.+)?|\d{12}\.dkr\.ecr\..+)$/;

/** `scikit-learn`, `scikit-learn:1.2-1`, or the URI of an image in ECR. */
export function toImage(image: string): SageMakerImage {
  const [, version] = /^scikit-learn(?::(.+))?$/.exec(image) ?? [undefined, null];
  return version === null ? SageMakerImage.fromUri(image) : SageMakerImage.scikitLearn(version);
}
