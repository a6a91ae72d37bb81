import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Auth, Binding, ExternalEndpoint, Jsonata, Step } from '../core';
import { check, expression, filledJson, fixed } from '../core/validation';
import { checkInfer, IModelEndpoint, InferOptions } from './model-endpoint';

/** Properties of an `HttpsModelEndpoint`. */
export interface HttpsModelEndpointProps {
  /** The service's https:// URL. */
  readonly url: string;
  /**
   * Where it predicts, after the URL, from the `/`.
   * @default /
   */
  readonly path?: string;
  /**
   * The body of a request; a string `{% ... %}` anywhere inside is JSONata, in which `$instances` are the rows.
   * @default { instances: '{% $instances %}' }
   */
  readonly request?: any;
  /**
   * The predictions in an answer, one a row: JSONata over `$states.result.ResponseBody`. An answer in which it finds nothing
   * is a failure.
   * @default {% $states.result.ResponseBody.predictions %}
   */
  readonly predictions?: string;
  /**
   * How the service knows its callers.
   * @default Auth.none()
   */
  readonly auth?: Auth;
}

/**
 * Serves through any HTTPS service that answers JSON, by a declared mapping of request and answer: MLflow's scoring server,
 * BentoML, a Hugging Face Inference Endpoint, one's own. A request and its answer hold at most
 * 256 KB, and an answer takes at most 60 seconds.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
 */
export class HttpsModelEndpoint extends Construct implements IModelEndpoint {
  private readonly service: ExternalEndpoint;

  constructor(scope: Construct, id: string, private readonly props: HttpsModelEndpointProps) {
    super(scope, id);
    check(props, z => ({
      path: fixed(z, /^\/[^\s?#]*$/, "a path from the '/', without query or fragment"),
      request: filledJson(z), predictions: expression(z),
    }));
    this.service = new ExternalEndpoint(props.url, props.auth ?? Auth.none());
    this.service.warnIfLoopback(this);
  }

  public infer(scope: Construct, id: string, options: InferOptions): Step {
    checkInfer(options);
    const { path = '/', request = { instances: '{% $instances %}' }, predictions = '{% $states.result.ResponseBody.predictions %}' } = this.props;
    return new Step(scope, id, {
      timeout: options.timeout,
      variables: { instances: `{% ${Jsonata.source(options.instances)} %}` },
      calls: [this.service.request(this, 'answer', { path, body: request, value: predictions })],
      result: { predictions: '{% $answer %}' },
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    const { username, credential } = this.service.auth;
    return {
      provider: 'https',
      address: this.service.url,
      variables: { MLOPS_INFERENCE_URL: `${this.service.url}${this.props.path ?? '/'}`, ...username !== undefined && { MLOPS_INFERENCE_USERNAME: username } },
      secrets: credential ? { MLOPS_INFERENCE_CREDENTIAL: credential } : {},
      probes: this.service.probes('MLOPS_INFERENCE_CREDENTIAL'),
    };
  }
}
