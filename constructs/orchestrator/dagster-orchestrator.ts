import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { Auth, AuthScheme, Binding, Call, ExternalEndpoint, Jsonata, Step } from '../core';
import { Outputs } from '../core/outputs';
import { check, FILLED, fixed, like, mapping, text } from '../core/validation';
import { MODELS } from '../model-trainer/model-trainer';
import { CancelOptions, InspectOptions, IOrchestrator, RunOptions, RunStatus } from './orchestrator';

/** Properties of a `DagsterOrchestrator`. */
export interface DagsterOrchestratorProps {
  /** The https:// URL below which `/graphql` is: the webserver's, or in Dagster+ `https://<organization>.dagster.cloud/<deployment>`. */
  readonly url: string;
  /** Where runs leave their outputs and their models. */
  readonly artifactStore: IArtifactStore;
  /**
   * How Dagster knows its callers: in Dagster+ `Auth.header('Dagster-Cloud-Api-Token', ...)`.
   * @default Auth.none()
   */
  readonly auth?: Auth;
}

/** Dagster's statuses that a run ends in; any other is on its way. */
const ENDED: { [status: string]: RunStatus } = { SUCCESS: RunStatus.SUCCEEDED, FAILURE: RunStatus.FAILED, CANCELED: RunStatus.ABORTED };

/** Dagster takes no idempotency key: a run carries ours as a tag, and is looked up by it. */
const TAG = 'mlops/key';

/** Answers to a launch that leave open whether it was heard: the tag tells. */
const UNCERTAIN = ['States.Http.StatusCode.500', 'States.Http.StatusCode.502', 'States.Http.StatusCode.504', 'States.Http.Socket'];

const RUNS = 'query($tags: [ExecutionTag!]) { answer: runsOrError(filter: {tags: $tags}) { __typename ...on Error { message } ...on Runs { results { runId status } } } }';
const LAUNCH = 'mutation($run: ExecutionParams!) { answer: launchRun(executionParams: $run) { __typename ...on Error { message } ...on RunConfigValidationInvalid { errors { message } } } }';
const RUN = 'query($run: ID!) { answer: runOrError(runId: $run) { __typename ...on Error { message } ...on Run { runId jobName status '
  + 'eventConnection(limit: 1000) { events { ...on ExecutionStepFailureEvent { stepKey error { message errorChain { error { message } } } } } } } } }';
const TERMINATE = 'mutation($run: String!) { answer: terminateRun(runId: $run) { __typename ...on Error { message } ...on TerminateRunFailure { message run { status } } } }';

/** Why a run has failed: of each step that did, the first cause. */
const WHY = "$join([$run.eventConnection.events[error].('step ' & stepKey & ': ' & $trim(error.errorChain ? error.errorChain[-1].error.message : error.message))], ', ')";

/**
 * Runs jobs of Dagster, its own server or Dagster+. A pipeline is `<code location>/<job>`, one
 * name for both, or `<code location>/<repository>/<job>`. The configuration of its resource `mlops` holds `runId` and
 * `outputs`, besides the names of the input.
 * @see https://docs.dagster.io/api/graphql
 */
export class DagsterOrchestrator extends Construct implements IOrchestrator {
  private readonly server: ExternalEndpoint;

  constructor(scope: Construct, id: string, private readonly props: DagsterOrchestratorProps) {
    super(scope, id);
    check(props, z => ({ artifactStore: like(z, 'an artifact store (IArtifactStore)', 'uriFor', 'readPolicies') }), 'artifactStore');
    this.server = new ExternalEndpoint(props.url, props.auth ?? Auth.none());
    this.server.warnIfLoopback(this);
  }

  public run(scope: Construct, id: string, options: RunOptions): Step {
    check(options, z => ({
      pipeline: fixed(z, /^[^/\p{C}]+(\/[^/\p{C}]+){0,2}$/u, '<code location>/<job>, with /<repository> between or one name for both'), input: mapping(z), result: mapping(z),
    }), 'pipeline');
    const names = options.pipeline.split('/');
    const selector = { repositoryLocationName: names[0], repositoryName: names.length === 3 ? names[1] : '__repository__', jobName: names[names.length - 1] };
    const outputs = new Outputs(this.props.artifactStore, MODELS);
    const result = { run: '{% $run %}', output: '{% $output %}', ...options.result };
    // Where two executions of the run have launched at the same moment, both wait for the earlier one.
    const [run, status] = ['runId', 'status'].map(field => `$runs.results[-1].${field}`);
    const log = Jsonata.join(`${this.server.url}/runs/`, `{% ${run} %}`);
    const tags = [{ key: TAG, value: Step.KEY }];
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [
        this.ask('found', RUNS, { tags }, 'Runs'),
        {
          ...this.ask('launched', LAUNCH, {
            run: {
              selector, executionMetadata: { tags },
              runConfigData: { resources: { mlops: { config: { ...options.input, runId: Step.RUN_ID, outputs: outputs.uri } } } },
            },
          }, 'LaunchRunSuccess'),
          when: '{% $count($found.results) = 0 %}', accept: UNCERTAIN,
        },
        {
          ...this.ask('runs', RUNS, { tags }, 'Runs'), log, cancel: this.stop(`{% ${run} %}`),
          until: `{% ${status} in ${JSON.stringify(Object.keys(ENDED))} %}`,
          failed: "{% $runs.__typename != 'Runs' or $count($runs.results) = 0 %}",
          cause: "{% $runs.message ? $runs.message : 'no run was launched: ' & $launched.Error & ': ' & $launched.Cause %}",
        },
        {
          ...this.ask('run', RUN, { run: `{% ${run} %}` }, 'Run'), log, when: `{% ${status} != 'SUCCESS' %}`,
          failed: '{% true %}', cause: `{% ($why := ${WHY}; 'run ' & ${run} & ' is ' & ${status} & ($why = '' ? '' : ': ' & $why)) %}`,
        },
        outputs.read(result, { run: `{% ${run} %}` }),
      ],
      result: outputs.result(result),
    });
  }

  public inspect(scope: Construct, id: string, options: InspectOptions): Step {
    check(options, z => ({ run: text(z, ...FILLED) }), 'run');
    const status = `$lookup(${Jsonata.source(ENDED)}, $run.status)`;
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [this.ask('run', RUN, { run: options.run }, 'Run')],
      result: {
        run: '{% $run.runId %}', name: '{% $run.jobName %}', status: `{% $exists(${status}) ? ${status} : 'RUNNING' %}`,
        error: "{% $run.status in ['FAILURE', 'CANCELED'] ? $run.status : '' %}", cause: `{% ${WHY} %}`,
      },
    });
  }

  public cancel(scope: Construct, id: string, options: CancelOptions): Step {
    check(options, z => ({ run: text(z, ...FILLED) }), 'run');
    return new Step(scope, id, {
      timeout: options.timeout,
      calls: [{
        ...this.stop(options.run),
        // Dagster does not terminate what it is just starting.
        until: "{% $not($terminated.run.status in ['NOT_STARTED', 'STARTING']) %}",
        failed: "{% $not($terminated.__typename in ['TerminateRunSuccess', 'TerminateRunFailure']) or $terminated.run.status in ['QUEUED', 'STARTED'] %}",
      }],
      result: { run: options.run },
    });
  }

  private stop(run: string): Call {
    return this.ask('terminated', TERMINATE, { run }, 'TerminateRunSuccess');
  }

  /** A token in a header has the name that Dagster+'s command line reads it under. */
  public bind(_client: iam.IGrantable): Binding {
    const { scheme, username, credential } = this.server.auth;
    const secret = scheme === AuthScheme.HEADER ? 'DAGSTER_CLOUD_API_TOKEN' : 'MLOPS_DAGSTER_CREDENTIAL';
    const query = (text: string) => ({ path: '/graphql', body: { query: text } });
    return {
      provider: 'dagster', address: this.server.url,
      variables: { MLOPS_DAGSTER_URL: this.server.url, ...username !== undefined && { MLOPS_DAGSTER_USERNAME: username } },
      secrets: credential ? { [secret]: credential } : {},
      probes: this.server.probes(secret, {
        alive: '/server_info', authorized: { ...query('{ version }'), matches: '"version"' },
        // Dagster+ has no version to ask for: what counts is that the API takes what a launch says.
        version: { ...query('{ __type(name: "ExecutionParams") { name } }'), matches: '"ExecutionParams"' },
      }),
    };
  }

  /** A request whose answer, of the type `expected` when all is well, is the call's result. */
  private ask(name: string, query: string, variables: { [name: string]: any }, expected: string): Call {
    return {
      ...this.server.request(this, name, { path: '/graphql', body: { query, variables }, value: '{% $states.result.ResponseBody.data.answer %}' }),
      failed: `{% $${name}.__typename != '${expected}' %}`,
      cause: `{% $join([$${name}.__typename, $${name}.message, $${name}.errors.message], ': ') %}`,
    };
  }
}
