import { RemovalPolicy } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth } from '../../constructs/core';
import { got } from '../../constructs/core/validation';
import { SageMakerImage } from '../../constructs/sagemaker';
import { AUTH_FORMS } from './auth-forms';
import { Settings, Z } from './provider';

const SECRET = /^(arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}|[\w/+=.@-]{1,512})$/;

export const secretName = (z: Z) => z.string().regex(SECRET, { error: 'must be the name, or the whole ARN, of a secret in AWS Secrets Manager' });
export const credential = (z: Z) => ({ username: z.string().optional(), secret: secretName(z).optional(), field: z.string().optional() });
/** A credential in any form. */
export const access = (z: Z) => ({
  ...credential(z),
  auth: z.strictObject(Object.fromEntries(Object.entries(AUTH_FORMS).map(([form, { fields }]) => [form, fields(z).optional()])))
    .refine(it => Object.keys(it).length === 1, { error: `must have one of ${Object.keys(AUTH_FORMS).join(', ')}` }).optional(),
});
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

/** Who is called how: as `auth` says; else a user (Basic) with a user name, a token (Bearer) without, nothing without a secret. */
export function auth(scope: Construct, id: string, settings: Settings, callers: Callers = {}): Auth {
  const { username, secret: name, field, auth: as = {} } = settings;
  if (name === undefined) {
    const idle = ['username', 'field', 'auth'].find(one => settings[one] !== undefined);
    if (idle !== undefined) throw new Error(`'secret' must name the secret that goes with '${idle}', got none`);
    return Auth.none();
  }
  const secret = held(scope, id, name);
  const plain = ({ user = Auth.basic, token = Auth.bearer }: Callers = {}) => username === undefined ? token(secret, field) : user(username, secret, field);
  const [form] = Object.keys(as);
  if (form === undefined) return plain(callers);
  const { idle, props = {}, make } = AUTH_FORMS[form];
  for (const [one, why] of Object.entries(idle)) refuse(settings, [one], 'with', `auth.${form}`, why);
  return within(`auth.${form}`, props, () => make(as[form], { secret, field, plain }));
}

/** Does `make`; where it refuses a prop of its own, the message names the field below `path`. */
function within(path: string, props: { [prop: string]: string }, make: () => Auth): Auth {
  try {
    return make();
  } catch (error) {
    const { message } = error as Error;
    throw new Error(message.replace(/^'(?!username\b|field\b)(\w+)/, (_, prop) => `'${path}.${props[prop] ?? prop}`), { cause: error });
  }
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
