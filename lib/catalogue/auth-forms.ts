import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type * as Zod from 'zod';
import { Auth, WebhookSignature } from '../../constructs/core';
import { Settings, Z } from './provider';

/** A secret, and the password or bearer token that it is without further words. */
export interface Held {
  readonly secret: ISecret;
  readonly field?: string;
  plain(): Auth;
}

/** One way to carry a credential, besides a password and a bearer token. */
export interface AuthForm {
  fields(z: Z): Zod.ZodType;
  /** The fields that `Auth` knows by another name: prop to field, for its messages. */
  readonly props?: { [prop: string]: string };
  /** What has no effect beside it, and why. */
  readonly idle: { [field: string]: string };
  make(settings: Settings, held: Held): Auth;
}

const USERNAME = { username: 'the service is told no user' };

/** The forms that `auth` of the stack file takes, by name. */
export const AUTH_FORMS: { readonly [form: string]: AuthForm } = {
  header: {
    fields: z => z.strictObject({ name: z.string(), prefix: z.string().optional() }),
    idle: USERNAME,
    make: ({ name, prefix }, { secret, field }) => Auth.header(name, secret, field, prefix),
  },
  oauth: {
    fields: z => z.strictObject({ clientId: z.string(), address: z.string(), scope: z.string().optional() }),
    idle: { username: "it is the 'clientId'" },
    make: ({ clientId, address, scope }, { secret, field }) => Auth.oauth(clientId, secret, { address, scope, field }),
  },
  exchange: {
    fields: z => z.strictObject({ address: z.string(), ...exchanged(z) }),
    props: { token: 'tokenField' },
    idle: {},
    make: (settings, { plain }) => exchange(plain(), settings),
  },
  login: {
    fields: z => z.strictObject({ address: z.string(), secretAs: z.string(), ...exchanged(z) }),
    props: { token: 'tokenField', name: 'secretAs' },
    idle: { username: "put it into the 'body'" },
    make: (settings, { secret, field }) => exchange(Auth.body(settings.secretAs, secret, field), settings),
  },
  sigv4: {
    fields: z => z.strictObject({ region: z.string(), service: z.string(), accessKeyIdField: z.string().optional(), secretAccessKeyField: z.string().optional() }),
    idle: { ...USERNAME, field: "'accessKeyIdField' and 'secretAccessKeyField' name the fields" },
    make: ({ region, service, accessKeyIdField, secretAccessKeyField }, { secret }) => Auth.sigv4(secret, { region, service, accessKeyIdField, secretAccessKeyField }),
  },
  hmac: {
    fields: z => z.strictObject({ header: z.string(), prefix: z.string().optional() }),
    idle: USERNAME,
    make: ({ header, prefix }, { secret, field }) => Auth.signed(secret, WebhookSignature.hmac(header, prefix), field),
  },
  webhook: {
    fields: z => z.enum(['standard']),
    idle: USERNAME,
    make: (_standard, { secret, field }) => Auth.signed(secret, WebhookSignature.standard(), field),
  },
};

/** How a credential becomes a token. No field is called `token`: the file holds none. */
const exchanged = (z: Z) => ({
  body: z.record(z.string(), z.json()).optional(), form: z.boolean().optional(), tokenField: z.string().optional(), header: z.string().optional(), prefix: z.string().optional(),
});

const exchange = (caller: Auth, { address, body, form, tokenField, header, prefix }: Settings) => Auth.exchange(caller, { address, body, form, token: tokenField, header, prefix });
