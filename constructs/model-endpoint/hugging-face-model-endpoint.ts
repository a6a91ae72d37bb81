import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, Call, ExternalEndpoint, Jsonata, Step } from '../core';
import { check, FILLED, fixed, like, mapping, text } from '../core/validation';
import { checkInfer, IModelEndpoint, InferOptions } from './model-endpoint';

/** Properties of a `HuggingFaceModelEndpoint`. */
export interface HuggingFaceModelEndpointProps {
  /** The endpoint, `<namespace>/<name>`. */
  readonly endpoint: string;
  /** The endpoint's own https:// URL, as its page shows it. */
  readonly url: string;
  /** A user access token that may call the endpoint and, to deploy, pause and resume it, may manage it. */
  readonly token: ISecret;
  /**
   * The field of `token`.
   * @default - the whole secret
   */
  readonly tokenField?: string;
  /**
   * `parameters` of each request, which the endpoint's task defines, such as `{ top_k: 1 }`; `{% ... %}` is JSONata.
   * @default - none
   */
  readonly parameters?: { [name: string]: any };
  /**
   * The https:// URL of the API that manages endpoints.
   * @default 'https://api.endpoints.huggingface.cloud/v2'
   */
  readonly managementUrl?: string;
}

/** The states of an endpoint that answers, the second after it was woken; and of one that never will. */
const RUNNING = ['running', 'scaledToZero'];
const BROKEN = ['failed', 'updateFailed'];

/** A revision to serve. */
export interface DeployRevisionOptions {
  /** The commit, branch or tag of the endpoint's repository on the Hub; may be JSONata. */
  readonly revision: string;
  /**
   * The longest that it may take.
   * @default Duration.hours(2)
   */
  readonly timeout?: Duration;
}

/** How long an endpoint may take. */
export interface EndpointStateOptions {
  /**
   * The longest that it may take.
   * @default Duration.hours(2)
   */
  readonly timeout?: Duration;
}

/**
 * Serves through an Inference Endpoint of Hugging Face that exists. A row is one of `inputs`, as the endpoint's task takes them; for
 * language models see `OpenAiModelEndpoint`, whose API these endpoints have too. Its models come from the Hub and not from an
 * artifact store, so that it is no `IDeployableEndpoint`: it deploys revisions of its repository.
 * @see https://huggingface.co/docs/inference-endpoints and, for its management, https://api.endpoints.huggingface.cloud
 */
export class HuggingFaceModelEndpoint extends Construct implements IModelEndpoint {
  private readonly server: ExternalEndpoint;
  private readonly management: ExternalEndpoint;
  private readonly managed: Construct;

  constructor(scope: Construct, id: string, private readonly props: HuggingFaceModelEndpointProps) {
    super(scope, id);
    check(props, z => ({
      endpoint: fixed(z, /^[\w.-]+\/[a-z0-9-]{1,32}$/, '<namespace>/<name>, the name of at most 32 lower-case letters, digits and -'),
      token: like(z, 'a secret (secretsmanager.ISecret)', 'secretArn', 'secretValueFromJson'), parameters: mapping(z),
    }), 'endpoint', 'token');
    const auth = Auth.bearer(props.token, props.tokenField);
    this.server = new ExternalEndpoint(props.url, auth);
    this.server.warnIfLoopback(this);
    this.management = new ExternalEndpoint(props.managementUrl ?? 'https://api.endpoints.huggingface.cloud/v2', auth);
    this.managed = new Construct(this, 'Management');
  }

  public infer(scope: Construct, id: string, options: InferOptions): Step {
    checkInfer(options);
    const found = "($found := $states.result.ResponseBody; $type($found) = 'array' and $count($found) = $count($rows) ? $found)";
    return new Step(scope, id, {
      timeout: options.timeout,
      variables: { rows: `{% ${Jsonata.source(options.instances)} %}` },
      calls: [this.server.request(this, 'answer', { path: '/', body: { inputs: '{% $rows %}', parameters: this.props.parameters }, value: `{% ${found} %}` })],
      result: { predictions: '{% $answer %}' },
    });
  }

  /** Serves a revision of the endpoint's repository in place of the one that is served, which answers until the new one does. Result: `endpoint`, `version`. */
  public deployRevision(scope: Construct, id: string, options: DeployRevisionOptions): Step {
    check(options, z => ({ revision: text(z, ...FILLED) }), 'revision');
    const { revision, timeout = Duration.hours(2) } = options;
    return new Step(scope, id, {
      timeout, interval: Duration.seconds(30),
      calls: [
        this.manage('updated', '', 'PUT', { model: { revision } }),
        this.state(RUNNING, [...BROKEN, 'paused'], `$state.revision = ${Jsonata.source(revision)}`),
      ],
      result: { endpoint: this.props.endpoint, version: revision },
    });
  }

  /** Stops the endpoint, which then costs nothing and answers nobody. Result: `endpoint`, `status`. */
  public pause(scope: Construct, id: string, options: EndpointStateOptions = {}): Step {
    return this.moved(scope, id, [this.manage('asked', '/pause', 'POST'), this.state(['paused'])], options);
  }

  /** Starts the endpoint again, and waits until it answers. Result: `endpoint`, `status`. */
  public resume(scope: Construct, id: string, options: EndpointStateOptions = {}): Step {
    const asked = { ...this.manage('asked', '/resume', 'POST'), accept: ['States.Http.StatusCode.400'], acceptCause: 'already running' };
    return this.moved(scope, id, [asked, this.state(RUNNING, BROKEN)], options);
  }

  public bind(_client: iam.IGrantable): Binding {
    const { token, tokenField } = this.props;
    return {
      provider: 'hugging-face', address: this.server.url, variables: { MLOPS_INFERENCE_URL: this.server.url },
      secrets: { HF_TOKEN: { secret: token, field: tokenField } }, probes: this.server.probes('HF_TOKEN'),
    };
  }

  private moved(scope: Construct, id: string, calls: Call[], { timeout = Duration.hours(2) }: EndpointStateOptions): Step {
    return new Step(scope, id, { timeout, interval: Duration.seconds(30), calls, result: { endpoint: this.props.endpoint, status: '{% $state.state %}' } });
  }

  /** Asks for the endpoint's state until it is one of `wanted`; one of `failed` is the end. */
  private state(wanted: string[], failed: string[] = [], also: string = 'true'): Call {
    const found = '$states.result.ResponseBody';
    return {
      ...this.manage('state', '', 'GET'),
      value: { state: `{% ${found}.status.state %}`, revision: `{% ${found}.model.revision %}`, message: `{% ${found}.status.message ? ${found}.status.message : '' %}` },
      until: `{% $state.state in ${JSON.stringify(wanted)} and ${also} %}`,
      failed: `{% $state.state in ${JSON.stringify(failed)} %}`,
      cause: `{% '${this.props.endpoint} is ' & $state.state & ($state.message ? ': ' & $state.message : '') %}`,
    };
  }

  private manage(name: string, action: string, method: string, body?: any): Call {
    return this.management.request(this.managed, name, { path: `/endpoint/${this.props.endpoint}${action}`, method, body });
  }
}
