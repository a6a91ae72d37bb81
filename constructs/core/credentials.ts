/** A POST that answers a token, JSON, to those whom it knows by `headers`, `basic` or `body`. */
export interface TokenRequest {
  /** The https:// URL. */
  readonly url: string;
  /**
   * The body is a form, not JSON.
   * @default false
   */
  readonly form?: boolean;
  /**
   * Headers.
   * @default - none
   */
  readonly headers?: { [name: string]: string };
  /**
   * HTTP Basic, `<user>:<password>`.
   * @default - none
   */
  readonly basic?: string;
  /**
   * The body.
   * @default - none
   */
  readonly body?: { [field: string]: any };
  /** Where the token is in the answer: a field, or a path such as `data.token`. */
  readonly field: string;
}

/**
 * A signature with the keys of an account of AWS, or of another cloud that takes the same signatures; without keys, by the identity of whoever makes the request.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
export interface SigV4 {
  /**
   * The keys, a JSON object.
   * @default - those of whoever makes the request
   */
  readonly keys?: string;
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
  /** The region, as the service has it. */
  readonly region: string;
  /** The service's name in signatures, such as `execute-api`. */
  readonly service: string;
}

/** A signature of the body, as webhooks have it. */
export interface WebhookKey {
  /** The secret. */
  readonly secret: string;
  /** `standard` or `hmac`. */
  readonly form: string;
  /** The names of its headers. */
  readonly headers: { [name: string]: string };
  /** What stands before it. */
  readonly prefix: string;
  /** A secret that begins with `whsec_` holds the key in base64. */
  readonly encodedKey: boolean;
}

/**
 * What a request carries, so that the service knows who makes it. `${NAME}` stands for the credential of that name, and in the
 * headers `${token}` for the token.
 */
export interface Credentials {
  /**
   * Headers.
   * @default - none
   */
  readonly headers?: { [name: string]: string };
  /**
   * HTTP Basic, `<user>:<password>`.
   * @default - none
   */
  readonly basic?: string;
  /**
   * Fields of the body, JSON.
   * @default - none
   */
  readonly body?: { [field: string]: any };
  /**
   * What the token is asked for with.
   * @default - no token is needed
   */
  readonly token?: TokenRequest;
  /**
   * What the request is signed with.
   * @default - it is not signed
   */
  readonly signature?: SigV4;
  /**
   * What the body is signed with.
   * @default - it is not signed
   */
  readonly webhook?: WebhookKey;
}
