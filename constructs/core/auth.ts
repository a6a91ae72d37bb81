import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { SecretField } from './component';
import { Credentials } from './credentials';
import { Probe } from './probe';
import { check, flag, like, mapping, text } from './validation';
import { WebhookSignature } from './webhook-signature';

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
  /** A token, by OAuth 2.0's grant of client credentials. */
  OAUTH = 'oauth',
  /** A token, by a request of the service's own. */
  EXCHANGE = 'exchange',
  /** AWS Signature Version 4. */
  SIGV4 = 'sigv4',
  /** AWS Signature Version 4 by a role. */
  ROLE = 'role',
  /** A signature of the body. */
  SIGNED = 'signed',
}

/** Where OAuth's tokens come from. */
export interface OAuthOptions {
  /** The token endpoint: a path of the service, from the `/`, or an https:// URL. */
  readonly address: string;
  /**
   * What may be done with a token.
   * @default - what the client may do
   */
  readonly scope?: string;
  /**
   * The field of the client's secret.
   * @default - the whole secret
   */
  readonly field?: string;
}

/** How a credential becomes a token. */
export interface ExchangeOptions {
  /** Answers the token to a POST: a path of the service, from the `/`, or an https:// URL. */
  readonly address: string;
  /**
   * The body, besides what the caller is known by.
   * @default - none
   */
  readonly body?: { [field: string]: any };
  /**
   * The body is a form, not JSON.
   * @default false
   */
  readonly form?: boolean;
  /**
   * Where the token is in the answer: a field, or a path such as `data.token`.
   * @default access_token
   */
  readonly token?: string;
  /**
   * The header that carries the token.
   * @default Authorization
   */
  readonly header?: string;
  /**
   * What stands before the token.
   * @default 'Bearer '
   */
  readonly prefix?: string;
}

/** What is signed for, and with which fields of the secret. */
export interface SigV4Options {
  /** The region, as the service has it. */
  readonly region: string;
  /** The service's name in signatures, such as `execute-api`. */
  readonly service: string;
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
}

/** What a role signs for. */
export interface RoleOptions {
  /** The region, as the service has it. */
  readonly region: string;
  /** The service's name in signatures, such as `execute-api`. */
  readonly service: string;
  /** What the role is to be allowed. */
  readonly policies: iam.PolicyStatement[];
  /**
   * Headers, by name, that the service asks for and that are signed too.
   * @default - none
   */
  readonly headers?: { [name: string]: string };
  /**
   * How the caller is known besides: `header` or `none`.
   * @default Auth.none()
   */
  readonly caller?: Auth;
}

const HEADER = [/^[A-Za-z0-9_-]{1,512}$/, "a header's name of letters, digits, - and _"] as const;
const PREFIX = [/^[ -~]{0,100}$/, 'at most 100 characters of ASCII'] as const;
const FIELD = [/^[\w.\-/+=@]{1,256}$/, "a field of the secret's JSON, of letters, digits and _ . - / + = @"] as const;
const ADDRESS = [/^(\/(?!\/)|https:\/\/[^/?#@\s]+|http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?)[^?#\s]*$/, "a path from the '/', or an https:// URL"] as const;
const REGION = [/^[a-z0-9-]{1,64}$/, 'a region of lower-case letters, digits and -'] as const;
const SERVICE = [/^[a-z0-9-]{1,64}$/, 'a service of lower-case letters, digits and -'] as const;
const CLIENT_CREDENTIALS = 'client_credentials';

/** What a Connection takes: `AuthorizationType` and `AuthParameters`, as CloudFormation and the API have them; nothing for what it cannot express. */
type Authorize = (credential: string, url: string) => { [name: string]: any } | undefined;
/** What a request carries. */
type Carry = (credential: string, url: string) => Credentials;

/**
 * How an external service knows its caller. Credentials are references to secrets. A Connection copies the value at deploy, and
 * after a rotation where the stack has a `SecretRotation`; what a Connection cannot express is read when it is used.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html
 */
export class Auth {
  /** No credential. A Connection cannot be without one, so that calls carry a header `x-client: mlops`. */
  public static none(): Auth {
    return new Auth(AuthScheme.NONE, nobody, () => ({}));
  }

  /** `Authorization: Bearer <token>`. */
  public static bearer(token: ISecret, field?: string): Auth {
    checkSecret({ token, field }, 'token');
    return new Auth(AuthScheme.BEARER, it => inHeader('Authorization', `Bearer ${it}`), it => ({ headers: { Authorization: `Bearer ${it}` } }), { secret: token, field });
  }

  /**
   * HTTP Basic with a password that is secret.
   * @param username at most 512 characters, without a colon
   */
  public static basic(username: string, password: ISecret, field?: string): Auth {
    check({ username }, z => ({ username: text(z, /^(?=.*\S)[^:\p{C}]{1,512}$/u, "1 to 512 characters without ':'") }), 'username');
    checkSecret({ password, field }, 'password');
    return new Auth(
      AuthScheme.BASIC, it => ({ AuthorizationType: 'BASIC', AuthParameters: { BasicAuthParameters: { Username: username, Password: it } } }),
      it => ({ basic: `${username}:${it}` }), { secret: password, field }, username,
    );
  }

  /** A header that holds the secret, after an optional prefix. */
  public static header(name: string, secret: ISecret, field?: string, prefix: string = ''): Auth {
    check({ name, prefix }, z => ({ name: text(z, ...HEADER), prefix: text(z, ...PREFIX) }), 'name');
    checkSecret({ secret, field }, 'secret');
    return new Auth(AuthScheme.HEADER, it => inHeader(name, `${prefix}${it}`), it => ({ headers: { [name]: `${prefix}${it}` } }), { secret, field });
  }

  /** A field of the JSON body that holds the secret. Requests without a body of fields cannot carry it. */
  public static body(name: string, secret: ISecret, field?: string): Auth {
    check({ name }, z => ({ name: text(z, /^[A-Za-z0-9_-]{1,512}$/, "a field's name of letters, digits, - and _") }), 'name');
    checkSecret({ secret, field }, 'secret');
    const authorize: Authorize = it => {
      const { AuthorizationType, AuthParameters } = nobody();
      return { AuthorizationType, AuthParameters: { ...AuthParameters, InvocationHttpParameters: { BodyParameters: [{ Key: name, Value: it, IsValueSecret: true }] } } };
    };
    return new Auth(AuthScheme.BODY, authorize, it => ({ body: { [name]: it } }), { secret, field });
  }

  /**
   * A token that OAuth 2.0's grant of client credentials brings. The Connection fetches it, at deploy for the first time: the token
   * endpoint must answer then. A token that was refused is fetched again.
   * @param clientId at most 512 characters, without a colon
   */
  public static oauth(clientId: string, clientSecret: ISecret, options: OAuthOptions): Auth {
    check({ clientId }, z => ({ clientId: text(z, /^(?=.*\S)[^:\p{C}]{1,512}$/u, "1 to 512 characters without ':'") }), 'clientId');
    check(options, z => ({ address: text(z, ...ADDRESS), scope: text(z, /^[ -~]{1,512}$/, '1 to 512 characters of ASCII') }), 'address');
    const { address, scope, field } = options;
    checkSecret({ clientSecret, field }, 'clientSecret');
    const asked = { grant_type: CLIENT_CREDENTIALS, ...scope !== undefined && { scope } };
    // A Connection's address has no host of IPv6.
    const authorize: Authorize = (it, url) => at(url, address).includes('://[') ? undefined : {
      AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS',
      AuthParameters: {
        OAuthParameters: {
          AuthorizationEndpoint: at(url, address), HttpMethod: 'POST', ClientParameters: { ClientID: clientId, ClientSecret: it },
          OAuthHttpParameters: { BodyParameters: Object.entries(asked).map(([Key, Value]) => ({ Key, Value })) },
        },
      },
    };
    const carry: Carry = (it, url) => ({
      headers: { Authorization: 'Bearer ${token}' },
      token: { url: at(url, address), form: true, body: { ...asked, client_id: clientId, client_secret: it }, field: 'access_token' },
    });
    return new Auth(AuthScheme.OAUTH, authorize, carry, { secret: clientSecret, field }, clientId);
  }

  /**
   * A token that the service gives out for a credential, and that its requests carry. It is kept until it expires or is refused.
   * @param caller how the address that answers the token knows its caller: `basic`, `bearer`, `header`, `body` or `none`
   */
  public static exchange(caller: Auth, options: ExchangeOptions): Auth {
    check({ caller }, z => ({ caller: like(z, 'an Auth', 'scheme', 'authorization') }), 'caller');
    check(options, z => ({
      address: text(z, ...ADDRESS), body: mapping(z), form: flag(z), token: text(z, /^[\w-]+(\.[\w-]+)*$/, "a field's name, or a path such as 'data.token'"),
      header: text(z, ...HEADER), prefix: text(z, ...PREFIX),
    }), 'address');
    if (INDIRECT.includes(caller.scheme)) throw new Error(`'caller' must be known by basic, bearer, header, body or none, got '${caller.scheme}'`);
    const { address, body, form, token = 'access_token', header = 'Authorization', prefix = 'Bearer ' } = options;
    return new Auth(AuthScheme.EXCHANGE, undefined, (it, url) => {
      const known = caller.credentials(it, url);
      return { headers: { [header]: `${prefix}\${token}` }, token: { url: at(url, address), form, ...known, body: merged(body, known.body), field: token } };
    }, caller.credential, caller.username);
  }

  /**
   * AWS Signature Version 4, with the keys of another account or another cloud. The identity that AWS itself knows needs none of this.
   * @param keys a JSON object that holds the key's id and the key
   */
  public static sigv4(keys: ISecret, options: SigV4Options): Auth {
    checkSecret({ keys }, 'keys');
    check(options, z => ({
      region: text(z, ...REGION), service: text(z, ...SERVICE),
      accessKeyIdField: text(z, ...FIELD), secretAccessKeyField: text(z, ...FIELD),
    }), 'region', 'service');
    const { region, service, accessKeyIdField = 'accessKeyId', secretAccessKeyField = 'secretAccessKey' } = options;
    return new Auth(AuthScheme.SIGV4, undefined, it => ({ signature: { keys: it, accessKeyIdField, secretAccessKeyField, region, service } }), { secret: keys });
  }

  /**
   * AWS Signature Version 4, by the role of the function that makes the request: for what AWS runs under an address of its own, such as a Partner AI App.
   * The one function of whoever calls is granted the policies.
   */
  public static role(options: RoleOptions): Auth {
    check(options, z => ({
      region: text(z, ...REGION), service: text(z, ...SERVICE), policies: z.array(like(z, 'a PolicyStatement', 'toStatementJson', 'copy')),
      headers: z.record(text(z, ...HEADER), text(z, /^[ -~]{1,2048}$/, '1 to 2048 characters of ASCII')), caller: like(z, 'an Auth', 'scheme', 'authorization'),
    }), 'region', 'service', 'policies');
    const { region, service, policies, headers, caller = Auth.none() } = options;
    if (![AuthScheme.HEADER, AuthScheme.NONE].includes(caller.scheme)) throw new Error(`'caller' must be known by header or none besides a role, got '${caller.scheme}'`);
    const carry: Carry = (it, url) => ({ headers: { ...headers, ...caller.credentials(it, url).headers }, signature: { region, service } });
    return new Auth(AuthScheme.ROLE, undefined, carry, caller.credential, undefined, policies);
  }

  /**
   * A signature of each request's body, as webhooks have it. The id that `WebhookSignature.standard` tells names the step and the run, so that a repeat
   * has the same. `WebhookSignature.token` signs nothing and is a header.
   * @param secret what the body is signed with
   */
  public static signed(secret: ISecret, signature: WebhookSignature, field?: string): Auth {
    check({ signature }, z => ({ signature: like(z, 'a WebhookSignature', 'form', 'headers') }), 'signature');
    const { form, headers, prefix, encodedKey } = signature;
    if (form === 'token') return Auth.header(headers.header, secret, field, prefix);
    checkSecret({ secret, field }, 'secret');
    return new Auth(AuthScheme.SIGNED, undefined, it => ({ webhook: { secret: it, form, headers, prefix, encodedKey } }), { secret, field });
  }

  /** As `auth`, but the secret is read when it is used: for one of more than 512 characters, which a Connection does not hold. */
  public static readWhenUsed(auth: Auth): Auth {
    check({ auth }, z => ({ auth: like(z, 'an Auth', 'scheme', 'authorization') }), 'auth');
    return new Auth(auth.scheme, undefined, (it, url) => auth.credentials(it, url), auth.credential, auth.username, auth.policies);
  }

  private constructor(
    /** The form of the credential. */
    public readonly scheme: AuthScheme,
    private readonly authorize: Authorize | undefined,
    private readonly carry: Carry,
    /** The secret behind it. */
    public readonly credential?: SecretField,
    /** The name that goes with the secret, in HTTP Basic and in OAuth. */
    public readonly username?: string,
    /** What the role of the function that makes the requests is to be allowed. */
    public readonly policies: iam.PolicyStatement[] = [],
  ) {}

  /**
   * `AuthorizationType` and `AuthParameters` of a Connection to a service at `url`, where `credential` stands for the secret;
   * nothing where a Connection cannot express it.
   */
  public authorization(credential: string, url: string): { [name: string]: any } | undefined {
    return this.authorize?.(credential, url);
  }

  /** What requests to a service at `url` carry, where `credential` stands for the secret. */
  public credentials(credential: string, url: string): Credentials {
    return this.carry(credential, url);
  }

  /** `probe` as a caller makes it who is known to the service at `url` by the credential that a binding has under `name`. */
  public onProbe(probe: Probe, name: string, url: string): Probe {
    const credentials = this.credentials(`\${${name}}`, url);
    return { ...probe, ...credentials, body: merged(probe.body, credentials.body) };
  }
}

/** What cannot bring a token itself. */
const INDIRECT = [AuthScheme.OAUTH, AuthScheme.EXCHANGE, AuthScheme.SIGV4, AuthScheme.ROLE, AuthScheme.SIGNED];

function nobody() {
  return inHeader('x-client', 'mlops');
}

function inHeader(ApiKeyName: string, ApiKeyValue: string) {
  return { AuthorizationType: 'API_KEY', AuthParameters: { ApiKeyAuthParameters: { ApiKeyName, ApiKeyValue } } };
}

/** A secret, under the name that its parameter has, and one of its fields. */
function checkSecret(props: { [name: string]: any }, parameter: string): void {
  check(props, z => ({ [parameter]: like(z, 'a secret (secretsmanager.ISecret)', 'secretArn', 'secretValueFromJson'), field: text(z, ...FIELD) }), parameter);
}

/** `address` as a URL, for a service at `url`. */
function at(url: string, address: string): string {
  return address.startsWith('/') ? `${url}${address}` : address;
}

function merged(body: object | undefined, more: object | undefined) {
  return body || more ? { ...body, ...more } : undefined;
}
