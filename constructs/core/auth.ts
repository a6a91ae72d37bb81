import { SecretValue } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { SecretField } from './component';
import { Probe } from './probe';
import { check, like, text } from './validation';

/** The forms that a credential takes. */
export enum AuthScheme {
  /** No credential. */
  NONE = 'none',
  /** `Authorization: Bearer <token>`. */
  BEARER = 'bearer',
  /** HTTP Basic. */
  BASIC = 'basic',
  /** A header of the service's own. */
  HEADER = 'header',
  /** A field of the body. */
  BODY = 'body',
}

/**
 * How an external service knows its caller. Credentials are references to secrets; a Connection copies the value at
 * deploy, so a rotated secret needs a deployment that changes the connection.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html
 */
export class Auth {
  /** No credential. A Connection cannot be without one, so that calls carry a header `x-client: mlops`. */
  public static none(): Auth {
    return new Auth(AuthScheme.NONE, events.Authorization.apiKey('x-client', SecretValue.unsafePlainText('mlops')), () => ({}));
  }

  /** `Authorization: Bearer <token>`. */
  public static bearer(token: ISecret, field?: string): Auth {
    checkSecret({ token, field }, 'token');
    return new Auth(AuthScheme.BEARER, inHeader('Authorization', token, field, 'Bearer '), it => ({ headers: { Authorization: `Bearer ${it}` } }), { secret: token, field });
  }

  /**
   * HTTP Basic with a password that is secret.
   * @param username at most 512 characters, without a colon
   */
  public static basic(username: string, password: ISecret, field?: string): Auth {
    check({ username }, z => ({ username: text(z, /^(?=.*\S)[^:\p{C}]{1,512}$/u, "1 to 512 characters without ':'") }), 'username');
    checkSecret({ password, field }, 'password');
    return new Auth(AuthScheme.BASIC, events.Authorization.basic(username, value(password, field)), it => ({ basic: `${username}:${it}` }), { secret: password, field }, username);
  }

  /** A header that holds the secret, after an optional prefix. */
  public static header(name: string, secret: ISecret, field?: string, prefix: string = ''): Auth {
    check({ name, prefix }, z => ({
      name: text(z, /^[A-Za-z0-9_-]{1,512}$/, "a header's name of letters, digits, - and _"), prefix: text(z, /^[ -~]{0,100}$/, 'at most 100 characters of ASCII'),
    }), 'name');
    checkSecret({ secret, field }, 'secret');
    return new Auth(AuthScheme.HEADER, inHeader(name, secret, field, prefix), it => ({ headers: { [name]: `${prefix}${it}` } }), { secret, field });
  }

  /** A field of the JSON body that holds the secret. Requests without a body of fields cannot carry it. */
  public static body(name: string, secret: ISecret, field?: string): Auth {
    check({ name }, z => ({ name: text(z, /^[A-Za-z0-9_-]{1,512}$/, "a field's name of letters, digits, - and _") }), 'name');
    checkSecret({ secret, field }, 'secret');
    const { authorization } = Auth.none();
    return new Auth(
      AuthScheme.BODY, authorization, it => ({ body: { [name]: it } }), { secret, field }, undefined, { [name]: events.HttpParameter.fromSecret(value(secret, field)) },
    );
  }

  private constructor(
    /** The form of the credential. */
    public readonly scheme: AuthScheme,
    /** As a Connection takes it. */
    public readonly authorization: events.Authorization,
    private readonly carried: (value: string) => Pick<Probe, 'headers' | 'basic' | 'body'>,
    /** The secret behind it. */
    public readonly credential?: SecretField,
    /** The name that goes with the secret, in HTTP Basic. */
    public readonly username?: string,
    /** What a Connection adds to the body. */
    public readonly bodyParameters?: { [name: string]: events.HttpParameter },
  ) {}

  /** `probe` as a caller makes it who is known by the credential that a binding has under `name`. */
  public onProbe(probe: Probe, name: string): Probe {
    const { body, ...sent } = this.carried(`\${${name}}`);
    return { ...probe, ...sent, body: body ? { ...probe.body, ...body } : probe.body };
  }
}

/** A secret, under the name that its parameter has, and one of its fields. */
function checkSecret(props: { [name: string]: any }, parameter: string): void {
  check(props, z => ({
    [parameter]: like(z, 'a secret (secretsmanager.ISecret)', 'secretArn', 'secretValueFromJson'),
    field: text(z, /^[\w.\-/+=@]{1,256}$/, "a field of the secret's JSON, of letters, digits and _ . - / + = @"),
  }), parameter);
}

/** The value stays a `{{resolve:secretsmanager:...}}` reference, which only CloudFormation resolves, inside the connection. */
function inHeader(name: string, secret: ISecret, field: string | undefined, prefix: string): events.Authorization {
  return events.Authorization.apiKey(name, SecretValue.unsafePlainText(prefix + value(secret, field).unsafeUnwrap()));
}

function value(secret: ISecret, field?: string): SecretValue {
  return field !== undefined ? secret.secretValueFromJson(field) : secret.secretValue;
}
