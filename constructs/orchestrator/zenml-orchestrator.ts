import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { Auth, AuthScheme, Binding, Call, ExternalEndpoint, Jsonata, Step } from '../core';
import { Outputs } from '../core/outputs';
import { address, check, FILLED, like, mapping, mustBe, text } from '../core/validation';
import { MODELS } from '../model-trainer/model-trainer';
import { CancelOptions, InspectOptions, IOrchestrator, RunOptions, RunStatus } from './orchestrator';

/** Properties of a `ZenmlOrchestrator`. */
export interface ZenmlOrchestratorProps {
  /** The https:// URL of the server, which knows the runs. */
  readonly url: string;
  /** The https:// URL of each pipeline that is deployed, by the name that it has in `run`. */
  readonly deployments: { [pipeline: string]: string };
  /** Where runs leave their outputs and their models. */
  readonly artifactStore: IArtifactStore;
  /**
   * How the server knows its callers: `Auth.bearer` with the API key of a service account.
   * @default Auth.none()
   */
  readonly auth?: Auth;
  /**
   * How the deployments know their callers: `Auth.bearer` with the `auth_key` that they were deployed with.
   * @default Auth.none()
   */
  readonly deploymentAuth?: Auth;
}

/** ZenML's statuses that a run ends in; any other is on its way. */
const ENDED: { [status: string]: RunStatus } = {
  completed: RunStatus.SUCCEEDED, cached: RunStatus.SUCCEEDED, skipped: RunStatus.SUCCEEDED, failed: RunStatus.FAILED, cancelled: RunStatus.ABORTED, stopped: RunStatus.ABORTED,
};
const STATUS = `$lookup(${Jsonata.source(ENDED)}, $run.status)`;

/** What is read from a run, wherever in the answer it stands. */
const runAt = (place: string) => ({ id: `{% ${place}.id %}`, name: `{% ${place}.name %}`, status: `{% ${place}.body.status %}` });

/**
 * Runs pipelines that are deployed with ZenML: no open server starts a run by itself, but a deployment does. Its pipeline takes
 * `runId` and `outputs`, besides the names of the input.
 * @see https://docs.zenml.io/concepts/deployment
 */
export class ZenmlOrchestrator extends Construct implements IOrchestrator {
  private readonly server: ExternalEndpoint;
  private readonly deployments: { [pipeline: string]: { readonly owner: Construct; readonly endpoint: ExternalEndpoint } };

  constructor(scope: Construct, id: string, private readonly props: ZenmlOrchestratorProps) {
    super(scope, id);
    check(props, z => ({
      artifactStore: like(z, 'an artifact store (IArtifactStore)', 'uriFor', 'readPolicies'),
      deployments: z.record(z.string(), address(z)).refine(it => Object.keys(it).length > 0, { error: 'must name one deployment at least, got {}' }),
    }), 'artifactStore', 'deployments');
    this.server = new ExternalEndpoint(props.url, props.auth ?? Auth.none());
    // A connection holds one credential: that of a deployment stands beside the server's.
    this.deployments = Object.fromEntries(Object.entries(props.deployments).map(([name, url]) => [
      name, { owner: new Construct(this, `Deployment ${name}`), endpoint: new ExternalEndpoint(url, props.deploymentAuth ?? Auth.none()) },
    ]));
    [this.server, ...Object.values(this.deployments).map(it => it.endpoint)].forEach(endpoint => endpoint.warnIfLoopback(this));
  }

  public run(scope: Construct, id: string, options: RunOptions): Step {
    const known = Object.keys(this.deployments);
    check(options, z => ({ pipeline: mustBe(z, `one of the deployments (${known.join(', ')})`, it => known.includes(it)), input: mapping(z), result: mapping(z) }), 'pipeline');
    const { owner, endpoint } = this.deployments[options.pipeline];
    const outputs = new Outputs(this.props.artifactStore, MODELS);
    const result = { run: '{% $run %}', output: '{% $output %}', ...options.result };
    const log = Jsonata.join(this.server.url, '/api/v1/runs/', '{% $run.id %}');
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [
        {
          ...endpoint.request(owner, 'submitted', {
            path: '/submit', body: { run_name: Step.KEY, parameters: { ...options.input, runId: Step.RUN_ID, outputs: outputs.uri } },
            // A deployment answers 500 to a name that the server has: the run is this one's own, started before.
            accept: ['States.Http.StatusCode.500'],
          }),
          acceptCause: 'already exists in this project',
        },
        {
          ...this.server.request(this, 'run', { path: '/api/v1/runs', query: { name: Step.KEY }, value: runAt('$states.result.ResponseBody.items[0]') }),
          log, until: `{% $exists(${STATUS}) %}`, cancel: this.stop('{% $run.id %}'),
        },
        {
          ...this.reason(`{% ${STATUS} != 'SUCCEEDED' %}`),
          log, failed: '{% true %}',
          cause: "{% 'run ' & $run.name & ' is ' & $run.status & ($reason ? ': ' & $reason : '') %}",
        },
        outputs.read(result, { run: '{% $run.id %}' }),
      ],
      result: outputs.result(result),
    });
  }

  public inspect(scope: Construct, id: string, options: InspectOptions): Step {
    check(options, z => ({ run: text(z, ...FILLED) }), 'run');
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [this.lookUp(options.run), this.reason("{% $run.status = 'failed' %}")],
      result: {
        run: '{% $run.id %}', name: '{% $run.name %}', status: `{% $exists(${STATUS}) ? ${STATUS} : 'RUNNING' %}`,
        error: `{% ${STATUS} in ['FAILED', 'ABORTED'] ? $run.status : '' %}`, cause: "{% $reason ? $reason : '' %}",
      },
    });
  }

  /** A deployment ends no step that runs: the run stops before its next one. */
  public cancel(scope: Construct, id: string, options: CancelOptions): Step {
    check(options, z => ({ run: text(z, ...FILLED) }), 'run');
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [
        // The server knows nobody to ask before the run has begun.
        { ...this.lookUp(options.run), until: "{% $run.status != 'initializing' %}" },
        {
          ...this.stop(options.run),
          accept: ['States.Http.StatusCode.403'], acceptCause: 'is already|already completed|finished run',
        },
      ],
      result: { run: options.run },
    });
  }

  private stop(run: string): Call {
    return this.server.request(this, 'stopped', { path: Jsonata.join('/api/v1/runs/', run, '/stop'), method: 'POST', query: { graceful: 'true' } });
  }

  /** In the names of ZenML's SDK for an API key. */
  public bind(_client: iam.IGrantable): Binding {
    const { scheme, credential } = this.server.auth;
    const [key, deploymentKey] = [scheme === AuthScheme.BEARER ? 'ZENML_STORE_API_KEY' : 'MLOPS_ZENML_CREDENTIAL', 'MLOPS_ZENML_DEPLOYMENT_KEY'];
    const { credential: ofDeployments } = this.props.deploymentAuth ?? Auth.none();
    return {
      provider: 'zenml', address: this.server.url,
      variables: { ZENML_STORE_URL: this.server.url },
      secrets: { ...credential && { [key]: credential }, ...ofDeployments && { [deploymentKey]: ofDeployments } },
      probes: [
        ...this.server.probes(key, {
          alive: '/health', authorized: { path: '/api/v1/current-user', expects: {} }, version: { path: '/api/v1/info', matches: '"version": ?"0\\.(9[5-9]|\\d{3})\\.' },
        }),
        // A run without parameters is refused, but only to a caller that may start one.
        ...Object.values(this.deployments).flatMap(({ endpoint }) => endpoint.probes(deploymentKey, { alive: '/health', authorized: { path: '/submit', body: {} } })),
      ],
    };
  }

  private lookUp(run: string): Call {
    return this.server.request(this, 'run', { path: Jsonata.join('/api/v1/runs/', run), value: runAt('$states.result.ResponseBody') });
  }

  /** Why the steps of `$run` have failed. */
  private reason(when: string): Call {
    return {
      ...this.server.request(this, 'reason', {
        path: '/api/v1/steps', query: { pipeline_run_id: '{% $run.id %}', status: 'failed', hydrate: 'true', size: '1' },
        value: "{% $join([$states.result.ResponseBody.items.(name & ': ' & metadata.exception_info.message)], '; ') %}",
      }),
      when,
    };
  }
}
