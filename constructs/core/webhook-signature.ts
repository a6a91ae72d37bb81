import { check, flag, text } from './validation';

/** What differs between those who sign as Standard Webhooks. Names are compared without regard to case. */
export interface StandardWebhookOptions {
  /**
   * The header of the signature.
   * @default webhook-signature
   */
  readonly signatureHeader?: string;
  /**
   * The header of the delivery's id, the same for every attempt: 1 to 128 letters, digits, `_` and `-`.
   * @default webhook-id
   */
  readonly idHeader?: string;
  /**
   * The header of the time at which it was signed, in seconds since 1970.
   * @default webhook-timestamp
   */
  readonly timestampHeader?: string;
  /**
   * A secret that begins with `whsec_` holds the key in base64 after that, as the standard has it; false: the bytes of any secret's text are the key.
   * @default true
   */
  readonly encodedKey?: boolean;
}

/** How the sender of a webhook, a vendor or an alerter, shows that it is its own. Headers' names are compared without regard to case. */
export class WebhookSignature {
  /**
   * `v1,` and then, in base64, the HMAC-SHA256 of `<id>.<timestamp>.<body>`, keyed by the secret. It is good for five minutes.
   * @see https://www.standardwebhooks.com
   */
  public static standard(options: StandardWebhookOptions = {}): WebhookSignature {
    check(options, z => ({ encodedKey: flag(z) }));
    const { signatureHeader = 'webhook-signature', idHeader = 'webhook-id', timestampHeader = 'webhook-timestamp', encodedKey = true } = options;
    return new WebhookSignature('standard', { signatureHeader, idHeader, timestampHeader }, '', encodedKey);
  }

  /**
   * `prefix`, and then, in hexadecimal, the HMAC-SHA256 of the body, keyed by the bytes of the secret's text; one that comes in may be in base64. It says
   * nothing of when it was made: an equal body is taken for the same delivery for an hour.
   * @param header such as `X-Hub-Signature-256`
   * @param prefix such as `sha256=`
   */
  public static hmac(header: string, prefix: string = ''): WebhookSignature {
    return new WebhookSignature('hmac', { header }, prefix);
  }

  /**
   * A header that holds `prefix` and the secret itself, for those who sign nothing. TLS alone guards the body. An equal body is taken for the same
   * delivery for an hour.
   * @param header such as `Authorization`
   * @param prefix such as `Bearer `
   */
  public static token(header: string, prefix: string = ''): WebhookSignature {
    return new WebhookSignature('token', { header }, prefix);
  }

  private constructor(
    /** Which of the three: `standard`, `hmac` or `token`. */
    public readonly form: string,
    /** The names of its headers. */
    public readonly headers: { [name: string]: string },
    /** What stands before it. */
    public readonly prefix: string = '',
    /** A secret that begins with `whsec_` holds the key in base64. */
    public readonly encodedKey: boolean = false,
  ) {
    check({ ...headers, prefix }, z => ({
      ...Object.fromEntries(Object.keys(headers).map(name => [name, text(z, /^[A-Za-z0-9-]{1,100}$/, "a header's name of letters, digits and -")])),
      prefix: text(z, /^[ -~]{0,100}$/, 'at most 100 characters of ASCII'),
    }), ...Object.keys(headers));
  }
}
