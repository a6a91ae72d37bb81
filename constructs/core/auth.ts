import { SecretValue, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { SecretField } from './component';

/**
 * How an external service knows its caller. Credentials are references to secrets; a Connection copies the value at
 * deploy, so a rotated secret needs a deployment that changes the connection.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html
 */
export class Auth {
  /** No credential. A Connection cannot be without one, so that calls carry a header `x-client: mlops`. */
  public static none(): Auth {
    return new Auth(events.Authorization.apiKey('x-client', SecretValue.unsafePlainText('mlops')));
  }

  /** `Authorization: Bearer <token>`. */
  public static bearer(token: ISecret, field?: string): Auth {
    return Auth.header('Authorization', token, field, 'Bearer ');
  }

  /**
   * HTTP Basic with a password that is secret.
   * @param username at most 512 characters, without a colon
   */
  public static basic(username: string, password: ISecret, field?: string): Auth {
    if (!Token.isUnresolved(username) && !/^[^:]{1,512}$/.test(username)) {
      throw new Error(`'username' must be 1 to 512 characters without ':', got '${username}'`);
    }
    return new Auth(events.Authorization.basic(username, value(password, field)), { secret: password, field }, username);
  }

  /** A header that holds the secret, after an optional prefix. */
  public static header(name: string, secret: ISecret, field?: string, prefix: string = ''): Auth {
    // The value stays a `{{resolve:secretsmanager:...}}` reference, which only CloudFormation resolves, inside the connection.
    const text = SecretValue.unsafePlainText(prefix + value(secret, field).unsafeUnwrap());
    return new Auth(events.Authorization.apiKey(name, text), { secret, field });
  }

  private constructor(
    /** As a Connection takes it. */
    public readonly authorization: events.Authorization,
    /** The secret behind it. */
    public readonly credential?: SecretField,
    /** The name that goes with the secret, in HTTP Basic. */
    public readonly username?: string,
  ) {}
}

function value(secret: ISecret, field?: string): SecretValue {
  return field ? secret.secretValueFromJson(field) : secret.secretValue;
}
