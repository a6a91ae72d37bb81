import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { Auth, AuthScheme, Binding, Call, ExternalEndpoint, Jsonata, Step } from '../core';
import { Outputs } from '../core/outputs';
import { check, FILLED, fixed, like, mapping, text } from '../core/validation';
import { MODELS } from '../model-trainer/model-trainer';
import { CancelOptions, InspectOptions, IOrchestrator, RunOptions, RunStatus } from './orchestrator';

/** Properties of a `PrefectOrchestrator`. */
export interface PrefectOrchestratorProps {
  /**
   * The https:// URL of the API: `https://<server>/api`, or in Prefect Cloud
   * `https://api.prefect.cloud/api/accounts/<id>/workspaces/<id>`.
   */
  readonly url: string;
  /** Where runs leave their outputs and their models. */
  readonly artifactStore: IArtifactStore;
  /**
   * How Prefect knows its callers: `Auth.bearer` with an API key of Prefect Cloud, `Auth.basic` on a server of one's own.
   * @default Auth.none()
   */
  readonly auth?: Auth;
}

/** Prefect's types of states that a run ends in; any other is on its way. */
const ENDED: { [type: string]: RunStatus } = {
  COMPLETED: RunStatus.SUCCEEDED, FAILED: RunStatus.FAILED, CRASHED: RunStatus.FAILED, CANCELLED: RunStatus.ABORTED,
};

/** What is read from a flow run. */
const FLOW_RUN = {
  id: '{% $states.result.ResponseBody.id %}', name: '{% $states.result.ResponseBody.name %}', type: '{% $states.result.ResponseBody.state.type %}',
  state: '{% $states.result.ResponseBody.state.name %}', message: "{% $states.result.ResponseBody.state.message ? $states.result.ResponseBody.state.message : '' %}",
};

/**
 * Runs deployments of Prefect 3. A pipeline is `<flow>/<deployment>`; one name stands for both. Its flow takes `runId` and
 * `outputs`, besides the names of the input.
 * @see https://docs.prefect.io/v3/api-ref/rest-api
 */
export class PrefectOrchestrator extends Construct implements IOrchestrator {
  private readonly server: ExternalEndpoint;

  constructor(scope: Construct, id: string, private readonly props: PrefectOrchestratorProps) {
    super(scope, id);
    check(props, z => ({ artifactStore: like(z, 'an artifact store (IArtifactStore)', 'uriFor', 'read') }), 'artifactStore');
    this.server = new ExternalEndpoint(props.url, props.auth ?? Auth.none());
    this.server.warnIfLoopback(this);
  }

  public run(scope: Construct, id: string, options: RunOptions): Step {
    check(options, z => ({
      pipeline: fixed(z, /^[^/\p{C}]+(\/[^/\p{C}]+)?$/u, '<flow>/<deployment>, or one name for both'), input: mapping(z), result: mapping(z),
    }), 'pipeline');
    const [flow, deployment = flow] = options.pipeline.split('/').map(encodeURIComponent);
    const outputs = new Outputs(this.props.artifactStore, MODELS);
    const result = { run: '{% $run %}', output: '{% $output %}', ...options.result };
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [
        this.server.request(this, 'deployment', { path: `/deployments/name/${flow}/${deployment}`, value: '{% $states.result.ResponseBody.id %}' }),
        this.server.request(this, 'started', {
          path: "{% '/deployments/' & $deployment & '/create_flow_run' %}", value: '{% $states.result.ResponseBody.id %}',
          body: { idempotency_key: Step.KEY, name: Step.KEY, parameters: { ...options.input, runId: Step.RUN_ID, outputs: outputs.uri } },
        }),
        {
          ...this.server.request(this, 'flowRun', { path: "{% '/flow_runs/' & $started %}", value: FLOW_RUN }),
          log: Jsonata.join(this.server.url, '/flow_runs/', '{% $started %}'), cancel: this.stop('{% $started %}'),
          until: "{% $flowRun.type = 'COMPLETED' %}",
          failed: "{% $flowRun.type in ['FAILED', 'CRASHED', 'CANCELLED'] %}",
          cause: "{% 'flow run ' & $flowRun.name & ' is ' & $flowRun.state & ($flowRun.message ? ': ' & $flowRun.message : '') %}",
        },
        outputs.read(result, { run: '{% $started %}' }),
      ],
      result: outputs.result(result),
    });
  }

  public inspect(scope: Construct, id: string, options: InspectOptions): Step {
    check(options, z => ({ run: text(z, ...FILLED) }), 'run');
    const status = `$lookup(${Jsonata.source(ENDED)}, $flowRun.type)`;
    const unless = (field: string) => `{% $flowRun.type in ['FAILED', 'CRASHED', 'CANCELLED'] ? $flowRun.${field} : '' %}`;
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [this.server.request(this, 'flowRun', { path: Jsonata.join('/flow_runs/', options.run), value: FLOW_RUN })],
      result: {
        run: '{% $flowRun.id %}', name: '{% $flowRun.name %}', status: `{% $exists(${status}) ? ${status} : 'RUNNING' %}`, error: unless('state'), cause: unless('message'),
      },
    });
  }

  public cancel(scope: Construct, id: string, options: CancelOptions): Step {
    check(options, z => ({ run: text(z, ...FILLED) }), 'run');
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [this.stop(options.run)],
      result: { run: options.run },
    });
  }

  private stop(run: string): Call {
    return this.server.request(this, 'cancelled', { path: Jsonata.join('/flow_runs/', run, '/set_state'), body: { state: { type: 'CANCELLING' } } });
  }

  /** In the names of Prefect's SDK for an API key; of a user and a password the SDK reads `PREFECT_API_AUTH_STRING`, `<user>:<password>`. */
  public bind(_client: iam.IGrantable): Binding {
    const { scheme, username, credential } = this.server.auth;
    const secret = scheme === AuthScheme.BEARER ? 'PREFECT_API_KEY' : 'MLOPS_PREFECT_CREDENTIAL';
    return {
      provider: 'prefect', address: this.server.url,
      variables: { PREFECT_API_URL: this.server.url, ...username !== undefined && { MLOPS_PREFECT_USERNAME: username } },
      secrets: credential ? { [secret]: credential } : {},
      probes: this.server.probes(secret, { alive: '/health', authorized: { path: '/admin/version', matches: '.' }, version: { path: '/admin/version', matches: '^"3\\.' } }),
    };
  }
}
