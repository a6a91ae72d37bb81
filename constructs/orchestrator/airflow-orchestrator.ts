import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { Auth, AuthScheme, Binding, Call, ExternalEndpoint, Jsonata, Step } from '../core';
import { Outputs } from '../core/outputs';
import { check, FILLED, fixed, like, mapping, text } from '../core/validation';
import { MODELS } from '../model-trainer/model-trainer';
import { CancelOptions, InspectOptions, IOrchestrator, RunOptions } from './orchestrator';

/** Properties of an `AirflowOrchestrator`. */
export interface AirflowOrchestratorProps {
  /** The https:// URL of the server, below which `/api/v2` is. */
  readonly url: string;
  /** Where runs leave their outputs and their models. */
  readonly artifactStore: IArtifactStore;
  /**
   * How Airflow knows its callers: `AirflowOrchestrator.login` with a user and a password, or `Auth.bearer` with a token of
   * its API, which expires after a day unless the server says otherwise.
   * @default Auth.none()
   */
  readonly auth?: Auth;
}

/** Airflow has no state for a run that was ended: it is failed, with this note. */
const CANCELLED = 'cancelled';
const OVER = "$dagRun.state in ['success', 'failed']";

/** Of a failed run: its note and the tasks that failed. */
const WHY = "{% $join([$dagRun.note[$ != ''], $states.result.ResponseBody.task_instances.('task ' & task_id)], ', ') %}";

/**
 * Runs DAGs of Airflow 3. A pipeline is a DAG's id; its run's `conf` holds `runId` and `outputs`, besides the names of the
 * input. A run is `<DAG>/<DAG run>`.
 * @see https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html
 */
export class AirflowOrchestrator extends Construct implements IOrchestrator {
  /** A user of Airflow's, whose password becomes a token. */
  public static login(username: string, password: ISecret, field?: string): Auth {
    return Auth.exchange(Auth.body('password', password, field), { address: '/auth/token', body: { username } });
  }

  private readonly server: ExternalEndpoint;

  constructor(scope: Construct, id: string, private readonly props: AirflowOrchestratorProps) {
    super(scope, id);
    check(props, z => ({ artifactStore: like(z, 'an artifact store (IArtifactStore)', 'uriFor', 'readPolicies') }), 'artifactStore');
    this.server = new ExternalEndpoint(props.url, props.auth ?? Auth.none());
    this.server.warnIfLoopback(this);
  }

  public run(scope: Construct, id: string, options: RunOptions): Step {
    check(options, z => ({ pipeline: fixed(z, /^[\w.-]{1,250}$/, "a DAG's id, at most 250 letters, digits and . _ -"), input: mapping(z), result: mapping(z) }), 'pipeline');
    const { pipeline } = options;
    const outputs = new Outputs(this.props.artifactStore, MODELS);
    const result = { run: '{% $run %}', output: '{% $output %}', ...options.result };
    const run = Jsonata.join(`${pipeline}/`, Step.KEY);
    const log = Jsonata.join(`${this.server.url}/dags/${pipeline}/runs/`, Step.KEY);
    const { dagRun, why } = this.look(run);
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [
        {
          // A run of a paused DAG would wait until the deadline.
          ...this.server.request(this, 'dag', { path: `/api/v2/dags/${pipeline}`, value: { paused: '{% $states.result.ResponseBody.is_paused %}' } }),
          failed: '{% $dag.paused %}', cause: `the DAG '${pipeline}' is paused: unpause it in Airflow`,
        },
        this.server.request(this, 'started', {
          path: `/api/v2/dags/${pipeline}/dagRuns`, accept: ['States.Http.StatusCode.409'],
          body: { dag_run_id: Step.KEY, logical_date: null, conf: { ...options.input, runId: Step.RUN_ID, outputs: outputs.uri } },
        }),
        { ...dagRun, log, until: `{% ${OVER} %}`, cancel: this.stop(run) },
        { ...why, log, failed: '{% true %}', cause: "{% 'DAG run ' & $dagRun.id & ' is failed' & ($why = '' ? '' : ': ' & $why) %}" },
        outputs.read(result, { run }),
      ],
      result: outputs.result(result),
    });
  }

  public inspect(scope: Construct, id: string, options: InspectOptions): Step {
    check(options, z => ({ run: text(z, ...FILLED) }), 'run');
    const { dagRun, why } = this.look(options.run);
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [dagRun, why],
      result: {
        run: options.run, name: '{% $dagRun.id %}',
        status: `{% $dagRun.state = 'success' ? 'SUCCEEDED' : $dagRun.state != 'failed' ? 'RUNNING' : $dagRun.note = '${CANCELLED}' ? 'ABORTED' : 'FAILED' %}`,
        error: "{% $dagRun.state = 'failed' ? 'failed' : '' %}", cause: "{% $why ? $why : '' %}",
      },
    });
  }

  public cancel(scope: Construct, id: string, options: CancelOptions): Step {
    check(options, z => ({ run: text(z, ...FILLED) }), 'run');
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [
        this.look(options.run).dagRun,
        { ...this.stop(options.run), when: `{% $not(${OVER}) %}` },
      ],
      result: { run: options.run },
    });
  }

  private stop(run: string): Call {
    return this.server.request(this, 'cancelled', { method: 'PATCH', path: path(run), body: { state: 'failed', note: CANCELLED } });
  }

  /** A token has the name that Airflow's command line reads it under. */
  public bind(_client: iam.IGrantable): Binding {
    const { scheme, username, credential } = this.server.auth;
    const secret = scheme === AuthScheme.BEARER ? 'AIRFLOW_CLI_TOKEN' : 'MLOPS_AIRFLOW_CREDENTIAL';
    return {
      provider: 'airflow', address: this.server.url,
      variables: { MLOPS_AIRFLOW_URL: this.server.url, ...username !== undefined && { MLOPS_AIRFLOW_USERNAME: username } },
      secrets: credential ? { [secret]: credential } : {},
      probes: this.server.probes(secret, {
        alive: '/api/v2/monitor/health', authorized: { path: '/api/v2/dags?limit=1', expects: {} }, version: { path: '/api/v2/version', matches: '"version": ?"3\\.' },
      }),
    };
  }

  /** A look at a run and, where it has failed, at the reason. */
  private look(run: string): { [name in 'dagRun' | 'why']: Call } {
    const body = '$states.result.ResponseBody';
    return {
      dagRun: this.server.request(this, 'dagRun', {
        // A scheduler that has begun to look at a run when it is ended may call it a success.
        path: path(run), value: { id: `{% ${body}.dag_run_id %}`, state: `{% ${body}.note = '${CANCELLED}' and ${body}.state = 'success' ? 'failed' : ${body}.state %}`, note: `{% ${body}.note ? ${body}.note : '' %}` },
      }),
      why: {
        ...this.server.request(this, 'why', { path: Jsonata.join(path(run), '/taskInstances'), query: { state: 'failed', order_by: 'end_date', limit: '3' }, value: WHY }),
        when: "{% $dagRun.state = 'failed' %}",
      },
    };
  }
}

/** Where the API has a run. */
function path(run: string): string {
  return `{% '/api/v2/dags/' & $replace(${Jsonata.source(run)}, '/', '/dagRuns/') %}`;
}
