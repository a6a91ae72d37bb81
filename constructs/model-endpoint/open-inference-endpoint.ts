import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Auth, Binding, Call, ExternalEndpoint, Jsonata, Step } from '../core';
import { check, fixed } from '../core/validation';
import { checkInfer, IModelEndpoint, InferOptions } from './model-endpoint';

/** Properties of an `OpenInferenceEndpoint`. */
export interface OpenInferenceEndpointProps {
  /** The server's https:// URL. */
  readonly url: string;
  /** The model's name on the server. */
  readonly model: string;
  /**
   * How the server knows its callers.
   * @default Auth.none()
   */
  readonly auth?: Auth;
}

/**
 * Serves through any server of the Open Inference Protocol V2 (MLServer, KServe, Triton) that this stack does not manage.
 * To deploy versions to it, see `DeployableOpenInferenceEndpoint`.
 * @see https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
 */
export class OpenInferenceEndpoint extends Construct implements IModelEndpoint {
  /** The model's name on the server. */
  public readonly model: string;
  protected readonly server: ExternalEndpoint;

  constructor(scope: Construct, id: string, props: OpenInferenceEndpointProps) {
    super(scope, id);
    check(props, z => ({ model: fixed(z, /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'at most 63 letters, digits, _, . and -') }), 'model');
    this.model = props.model;
    this.server = new ExternalEndpoint(props.url, props.auth ?? Auth.none());
    this.server.warnIfLoopback(this);
  }

  public infer(scope: Construct, id: string, options: InferOptions): Step {
    checkInfer(options);
    const { instances, timeout } = options;
    return new Step(scope, id, { timeout, calls: [this.inference('answer', instances)], result: { predictions: '{% $answer %}' } });
  }

  public bind(_client: iam.IGrantable): Binding {
    const { username, credential } = this.server.auth;
    return {
      provider: 'open-inference',
      address: this.server.url,
      variables: { MLOPS_INFERENCE_URL: this.server.url, MLOPS_INFERENCE_MODEL: this.model, ...username !== undefined && { MLOPS_INFERENCE_USERNAME: username } },
      secrets: credential ? { MLOPS_INFERENCE_CREDENTIAL: credential } : {},
      probes: this.server.probes('MLOPS_INFERENCE_CREDENTIAL', { alive: '/v2/health/live', authorized: { path: '/v2', expects: {} } }),
    };
  }

  /** A call that predicts `instances` as one FP64 tensor, rows by columns, and holds the first tensor of the answer. */
  protected inference(name: string, instances: any): Call {
    const rows = Jsonata.source(instances);
    return this.server.request(this, name, {
      path: `/v2/models/${this.model}/infer`,
      value: '{% ($states.result.ResponseBody.outputs)[0].data %}',
      body: {
        inputs: [{
          name: 'input-0', datatype: 'FP64',
          shape: `{% [$count(${rows}), $count((${rows})[0])] %}`,
          data: `{% $reduce(${rows}, function($all, $row) { $append($all, $row) }, []) %}`,
        }],
      },
    });
  }
}
