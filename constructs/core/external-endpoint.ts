import { Annotations, ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { Auth } from './auth';
import { Call } from './call';
import { allow } from './grants';
import { Jsonata } from './jsonata';
import { Probe, ProbeSubject } from './probe';
import { HttpRequest, RequestFunction } from './request-function';
import { ServiceConnection } from './service-connection';
import { address, check, duration, expression, flag, headers, json, like, oneOf, text, textOrJsonata } from './validation';

/** One request to an external service. */
export interface RequestOptions {
  /** After the service's URL, from the `/`; `{% ... %}` is JSONata. */
  readonly path: string;
  /**
   * The HTTP method.
   * @default - POST with a body, GET without
   */
  readonly method?: string;
  /**
   * The body; a string `{% ... %}` anywhere inside is JSONata.
   * @default - none
   */
  readonly body?: any;
  /**
   * The query string, by name.
   * @default - none
   */
  readonly query?: { [name: string]: string };
  /**
   * Headers, by name, besides the credential's; a value may be JSONata. Some are Step Functions' own.
   * @default - none
   */
  readonly headers?: { [name: string]: string };
  /**
   * JSONata over `$states.result`, which holds `ResponseBody`; what `$<name>` holds. An answer without it is a failure.
   * @default - the whole result
   */
  readonly value?: any;
  /**
   * JSONata; the request is repeated until it holds.
   * @default - made once
   */
  readonly until?: string;
  /**
   * JSONata; the work has failed when it holds.
   * @default - only when the request itself fails
   */
  readonly failed?: string;
  /**
   * Errors after which the next call is made all the same, such as `States.Http.StatusCode.409`.
   * @default - none
   */
  readonly accept?: string[];
  /**
   * The longest that an answer may take, from 60 to 840 seconds.
   * @default Duration.seconds(60)
   */
  readonly timeout?: Duration;
  /**
   * JSONata over an answer of at most 20 MB, `$`; what `ResponseBody` holds of it.
   * @default - all of an answer of at most 256 KB
   */
  readonly select?: string;
  /**
   * The answer is no text: `ResponseBody` holds its bytes in base64, at most 190 KB of them.
   * @default false
   */
  readonly binary?: boolean;
}

/** A file, put where a service has said. */
export interface UploadOptions {
  /** The address that an earlier answer has, an https:// URL that needs no credential (a presigned one); may be JSONata. */
  readonly address: string;
  /** The file's text; may be JSONata. */
  readonly content: string;
  /**
   * The headers that the answer has with it, name to value; may be JSONata.
   * @default - none
   */
  readonly headers?: any;
}

/** A request of a probe, as `Probe` has it. */
export interface ProbeRequest {
  /**
   * After the service's URL, from the `/`.
   * @default - the URL itself
   */
  readonly path?: string;
  /**
   * The HTTP method.
   * @default - POST with a body, GET without
   */
  readonly method?: string;
  /**
   * The body, JSON.
   * @default - none
   */
  readonly body?: { [field: string]: any };
  /**
   * Fields that the answer, a JSON object, must have.
   * @default - any answer that is no refusal
   */
  readonly expects?: { [field: string]: any };
  /**
   * A regular expression that is found in the answer's text.
   * @default - any text
   */
  readonly matches?: string;
}

/** What a service can be asked. */
export interface ProbeOptions {
  /**
   * The path of what answers, known caller or not, while the service lives.
   * @default - the service's URL itself
   */
  readonly alive?: string;
  /**
   * What only a known caller is answered.
   * @default - the service's URL itself
   */
  readonly authorized?: ProbeRequest;
  /**
   * What tells the version.
   * @default - no version is asked for
   */
  readonly version?: ProbeRequest;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** An HTTPS service that this stack does not manage. */
export class ExternalEndpoint {
  /** The address, without a `/` at the end. */
  public readonly url: string;
  private readonly connections: { [owner: string]: ServiceConnection } = {};
  private readonly functions: { [owner: string]: RequestFunction } = {};
  private readonly uploads: { [owner: string]: RequestFunction } = {};

  /**
   * @param url an https:// URL; http:// only for loopback addresses, for the laptop
   * @throws when `url` is neither
   */
  constructor(url: string, public readonly auth: Auth) {
    check({ url, auth }, z => ({
      url: address(z),
      auth: like(z, 'an Auth', 'scheme', 'authorization'),
    }), 'url', 'auth');
    this.url = url.replace(/\/+$/, '');
  }

  /**
   * A call to this service from a step of `owner`, over `owner`'s one Connection: no Lambda is in the path. What AWS cannot express
   * natively (a token exchange, another cloud's signature, a credential over 512 characters, an answer that takes over 60 seconds, has
   * over 256 KB or is no text) goes through `owner`'s one function instead; steps see no difference.
   */
  public request(owner: Construct, name: string, options: RequestOptions): Call {
    check(options, z => ({
      path: textOrJsonata(z, /^\//, "a path from the '/' on, or JSONata"), method: oneOf(z, METHODS, `one of ${METHODS.join(', ')}`), query: z.record(z.string(), text(z, /^/, 'a text')), headers: headers(z), body: json(z),
      timeout: duration(z, 'seconds', 60, 840), select: expression(z), binary: flag(z),
    }), 'path');
    const { value, until, failed, accept, timeout, select, binary = false } = options;
    const request = {
      ApiEndpoint: Jsonata.join(this.url, options.path),
      Method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
      RequestBody: options.body,
      QueryParameters: options.query,
      Headers: options.headers,
    };
    const isNative = timeout === undefined && select === undefined && !binary;
    const connection = isNative ? this.connection(owner) : undefined;
    return { name, value, until, failed, accept, ...connection ? this.task(owner, connection, request) : this.function(owner).call(name, request, { timeout, select, binary }) };
  }

  /**
   * A call that puts a file where this service has said, which is another host as a rule: it takes `owner`'s one function for this, for which neither
   * the address nor the headers need to be known at deploy. The function has no credential to send, and follows no redirection.
   */
  public upload(owner: Construct, name: string, options: UploadOptions): Call {
    check(options, z => ({ address: textOrJsonata(z, /^https:\/\//, 'an https:// URL, or JSONata'), content: text(z, /^/, 'a text'), headers: json(z) }), 'address', 'content');
    const { address: ApiEndpoint, content: RequestBody, headers: Headers } = options;
    const uploads = this.uploads[owner.node.path] ??= new RequestFunction(owner, 'Upload', { url: this.url, auth: Auth.none(), elsewhere: true });
    return { name, ...uploads.call(name, { ApiEndpoint, Method: 'PUT', Headers, RequestBody }, { binary: false }) };
  }

  /**
   * What shows how this service is, for its binding. Where a service has no request of its own for it, its address is asked.
   * @param credential the name that the credential has among the binding's secrets
   */
  public probes(credential: string, options: ProbeOptions = {}): Probe[] {
    const { alive, authorized = {}, version } = options;
    const at = ({ path = '', ...request }: ProbeRequest, shows: ProbeSubject): Probe => ({ shows, url: `${this.url}${path}`, ...request });
    return [
      at({ path: alive }, ProbeSubject.ALIVE),
      ...this.auth.credential ? [this.auth.onProbe(at(authorized, ProbeSubject.AUTHORIZED), credential, this.url)] : [],
      ...version ? [this.auth.onProbe(at(version, ProbeSubject.VERSION), credential, this.url)] : [],
    ];
  }

  /** Warns, once, that a template with a plain http:// address is for the laptop only. */
  public warnIfLoopback(owner: Construct): void {
    if (this.url.startsWith('http://')) {
      Annotations.of(owner).addWarningV2('cdk-mlops:loopback', `'${this.url}' is on this machine: the template is for the local target, not for AWS`);
    }
  }

  private task(owner: Construct, connection: ServiceConnection, request: HttpRequest): Pick<Call, 'resource' | 'arguments' | 'policies'> {
    return {
      resource: 'http:invoke',
      arguments: { ...request, Authentication: { ConnectionArn: connection.connectionArn } },
      policies: [
        // The `/` keeps a host that merely starts alike out.
        allow(['states:InvokeHTTPEndpoint'], [Stack.of(owner).formatArn({ service: 'states', resource: 'stateMachine', resourceName: '*', arnFormat: ArnFormat.COLON_RESOURCE_NAME })],
          { StringLike: { 'states:HTTPEndpoint': `${this.url}/*` }, StringEquals: { 'states:HTTPMethod': request.Method } }),
        allow(['events:RetrieveConnectionCredentials'], [connection.connectionArn]),
        allow(['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], [connection.secretArn]),
      ],
    };
  }

  // Both are found by this endpoint only: what another endpoint of the same owner made holds another credential.

  private connection(owner: Construct): ServiceConnection | undefined {
    const isExpressible = this.auth.authorization('', this.url) !== undefined;
    return isExpressible ? this.connections[owner.node.path] ??= new ServiceConnection(owner, 'Connection', { url: this.url, auth: this.auth }) : undefined;
  }

  private function(owner: Construct): RequestFunction {
    return this.functions[owner.node.path] ??= new RequestFunction(owner, 'Request', { url: this.url, auth: this.auth });
  }
}
