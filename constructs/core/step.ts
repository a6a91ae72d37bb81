import { Aws, Duration, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Call } from './call';
import { explain } from './grants';
import { followerOf } from './rotations';
import { check, duration, got, mapping } from './validation';

/** Properties of a `Step`. */
export interface StepProps {
  /** Made in order. */
  readonly calls: Call[];
  /** The contract's result: name to a value or JSONata over the calls' results. */
  readonly result: { [name: string]: any };
  /**
   * What is worked out once, at the start: `$<name>` holds it for the calls.
   * @default - none
   */
  readonly variables?: { [name: string]: string };
  /**
   * The longest wait between two repeats. Waits start at a second and grow with the time that has passed.
   * @default Duration.seconds(60)
   */
  readonly interval?: Duration;
  /**
   * One deadline for the whole step, after which it fails with `Mlops.Timeout`.
   * @default Duration.days(1)
   */
  readonly timeout?: Duration;
}

/** The run's id, in JSONata. */
const RUN = '($exists($states.context.Execution.Input.runId) ? $string($states.context.Execution.Input.runId) : $states.context.Execution.Name)';

const HTTP = ['StatusCode.429', 'StatusCode.500', 'StatusCode.502', 'StatusCode.503', 'StatusCode.504', 'Socket'];

/** Errors that pass by themselves, by service. SageMaker reports throttling under its general error names. */
const TRANSIENT: { [service: string]: string[] } = {
  http: HTTP.map(error => `States.Http.${error}`),
  function: [...HTTP.map(error => `Http.${error}`), 'Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.SdkClientException', 'Lambda.TooManyRequestsException'],
  sagemaker: ['SageMaker.SageMakerException', 'SageMaker.AmazonSageMakerException', 'SageMaker.ThrottlingException'],
  sagemakerruntime: [
    'SageMakerRuntime.SageMakerRuntimeException', 'SageMakerRuntime.ThrottlingException', 'SageMakerRuntime.ServiceUnavailableException',
    'SageMakerRuntime.InternalFailureException', 'SageMakerRuntime.InternalDependencyException', 'SageMakerRuntime.ModelNotReadyException',
  ],
  states: ['StepFunctions.AWSStepFunctionsException', 'StepFunctions.ExecutionLimitExceeded', 'StepFunctions.ExecutionLimitExceededException'],
  sfn: ['Sfn.SfnException'],
  dynamodb: ['DynamoDB.ProvisionedThroughputExceededException', 'DynamoDB.ThrottlingException'],
  s3: ['S3.S3Exception', 'S3.SdkClientException'],
  sns: ['SNS.ThrottledException', 'SNS.InternalErrorException'],
};

/** What a credential that was rotated meets until its successor has arrived. */
const REFUSED: { [service: string]: string[] } = {
  http: ['States.Http.StatusCode.401', 'Events.ConnectionResource.InvalidConnectionState'],
  function: ['Http.StatusCode.401', 'Http.AccessDenied'],
};

/** The contract's error, from the integration's own. */
const FAILURE = [
  '$contains($failure.Error, /^Mlops\\./) ? $failure.Error',
  // A connection whose credential was refused is deauthorized: until it is updated, calls fail by its state.
  "$contains($failure.Error, /40[137]$|AccessDenied|Permissions|InvalidConnectionState/) or $contains($failure.Cause, /Access ?Denied|not authorized/) ? 'Mlops.Unauthorized'",
  "$contains($failure.Error, /429$|Throttl|LimitExceeded|ThroughputExceeded/) or $contains($failure.Cause, /Throttl|Rate exceeded|reduce your request rate/) ? 'Mlops.Throttled'",
  "$contains($failure.Error, /Timeout$/) ? 'Mlops.Timeout'",
  "'Mlops.Failed'",
].join(' : ');

const LATE = '{% $millis() > $deadline %}';
const REMAINING = '{% $max([1, $ceil(($deadline - $millis()) / 1000)]) %}';

/** The longest that the end of work is asked for, so that its step ends soon after the deadline, repeats included. */
const CANCELLING = Duration.seconds(15);

/** What a step's own states and variables are called. */
const RESERVED = ['start', 'done', 'fail', 'deadline', 'key', 'failure'];
const KEEP_INPUT = '{% $states.input %}';

/**
 * A verb of a component, as one state of a state machine: ASL's own try block. It chains, retries and catches like any
 * state. Its result is its output and the variable `$<id>`; its failures are `Mlops.Throttled`, `Mlops.Unauthorized`,
 * `Mlops.Timeout` and `Mlops.Failed`, whoever provides it, with the cause `<id>: <reason> (log: <where>)`.
 *
 * Step Functions cannot catch `States.Runtime` and `States.DataLimitExceeded`: these fail the execution.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
 */
export class Step extends sfn.Parallel {
  /** The run: `runId` of the execution's input, or else the execution's name. The same for every execution of one run. */
  public static readonly RUN_ID = `{% ${RUN} %}`;

  /**
   * Inside a step: a name for its work in this run, the same for every retry and for every execution of the run in this
   * state machine, so that work which was started is found instead of started again. `keyPrefix`, a part of the run's id
   * and a digest: at most 63 lower-case letters, digits and `-`.
   */
  public static readonly KEY = '{% $key %}';

  /** As `KEY`, but 32 hexadecimal digits: an idempotency token. */
  public static readonly TOKEN = "{% $hash($key, 'MD5') %}";

  /** What `KEY` starts with in the step `id`. */
  public static keyPrefix(id: string): string {
    return `${id.replace(/_/g, '-').slice(0, 18).toLowerCase()}-`;
  }

  private readonly results: string[];

  constructor(scope: Construct, id: string, props: StepProps) {
    const result = '{% $states.result[0] %}';
    super(scope, checkedId(id), { queryLanguage: sfn.QueryLanguage.JSONATA, outputs: result, assign: { [id]: result } });
    check(props, z => ({
      calls: z.array(z.looseObject({})), result: mapping(z), variables: mapping(z),
      interval: duration(z, 'seconds', 1, 86400), timeout: duration(z, 'seconds', 1, 365 * 86400),
    }), 'calls', 'result');
    this.results = Object.keys(props.result);
    this.branch(new StepStates(this, props).start);
  }

  /** Goes to `handler` when the step fails. */
  public override addCatch(handler: sfn.IChainable, props?: sfn.CatchProps): Step {
    super.addCatch(handler, props);
    return this;
  }

  /** Repeats the step when it fails; its work is keyed by the run, so that a repeat finds what was started. */
  public override addRetry(props?: sfn.RetryProps): Step {
    super.addRetry(props);
    return this;
  }

  /**
   * The JSONata expression of one result, for the states after this one.
   * @param path a result's name, or a path inside it such as `metrics.accuracy`
   */
  public result(path: string): string {
    const [name, ...rest] = typeof path === 'string' ? path.split('.') : [''];
    if (!this.results.includes(name) || path.includes('`')) {
      throw new Error(`'path' must start with a result of '${this.node.id}' (${this.results.join(', ')}) and hold no backtick, ${got(path)}`);
    }
    // A name that is no word of JSONata's stands in backticks.
    return `{% $${[this.node.id, name, ...rest.map(part => /^[A-Za-z_]\w*$/.test(part) ? part : `\`${part}\``)].join('.')} %}`;
  }

  protected override validateState(): string[] {
    return this.branches.length ? [] : [`'${this.node.path}' is a step of no state machine: chain it into a definition`];
  }
}

/** A variable of an inner scope may not have the name of an outer one: steps start upper-case, calls lower-case. */
function checkedId(id: string): string {
  if (typeof id === 'string' && /^[A-Z]\w{0,62}$/.test(id)) return id;
  throw new Error(`'id' names the variable that holds the result and must be a capital letter and then at most 62 letters, digits or _, ${got(id)}`);
}

/** The states inside a step: start, one task a call with its conditions and repeats, done, fail. */
class StepStates {
  public readonly start: sfn.State;
  private readonly fail: sfn.State;
  private readonly entries: { [call: string]: sfn.State } = {};
  private readonly timeout: Duration;
  private readonly interval: Duration;

  constructor(private readonly step: Step, props: StepProps) {
    for (const { name } of props.calls.flatMap(call => call.cancel ? [call, call.cancel] : [call])) {
      if (typeof name !== 'string' || !/^[a-z]\w{0,62}$/.test(name) || RESERVED.includes(name)) {
        throw new Error(`'name' of a call must be a lower-case letter and then at most 62 letters, digits or _, and none of ${RESERVED.join(', ')}, ${got(name)}`);
      }
    }
    this.timeout = props.timeout ?? Duration.days(1);
    this.interval = props.interval ?? Duration.seconds(60);
    this.fail = new sfn.Fail(step, 'Fail', {
      ...this.named('fail'), error: `{% ${FAILURE} %}`,
      cause: `{% '${step.node.id}: ' & $substring($failure.Cause, 0, 4000) & ' (log: ' & $failure.Log & ')' %}`,
    });
    const done = new sfn.Pass(step, 'Done', { ...this.named('done'), outputs: props.result });
    const entries = props.calls.map(call => this.enter(call));
    props.calls.forEach((call, index) => this.follow(call, entries[index + 1] ?? done));
    const key = `'${Step.keyPrefix(step.node.id)}' & $substring($lowercase($replace(${RUN}, /[^A-Za-z0-9]+/, '-')), 0, 30)`
      + ` & '-' & $substring($hash($states.context.StateMachine.Id & '/' & ${RUN} & '/${step.node.id}', 'SHA-256'), 0, 12)`;
    this.start = new sfn.Pass(step, 'Start', {
      ...this.named('start'), assign: { deadline: `{% $millis() + ${this.timeout.toMilliseconds()} %}`, key: `{% ${key} %}`, ...props.variables },
    }).next(entries[0] ?? done).startState;
  }

  /** The state that leads to `call`. */
  private enter(call: Call): sfn.State {
    const task = this.task(call, sfn.Timeout.jsonata(REMAINING));
    this.entries[call.name] = task;
    return call.when ? this.choice(call, 'if') : task;
  }

  private task(call: Call, taskTimeout: sfn.Timeout): Task {
    const task = new Task(this.step, call, {
      ...this.named(call.name), taskTimeout, outputs: KEEP_INPUT, assign: { [call.name]: call.value ?? '{% $states.result %}' },
    });
    const errors = (TRANSIENT[serviceOf(call)] ?? []).filter(error => !acceptedBy(call)?.includes(error));
    if (errors.length) task.addRetry({ errors, maxAttempts: 3, interval: Duration.seconds(1), backoffRate: 2, jitterStrategy: sfn.JitterType.FULL });
    return task;
  }

  /** What comes after `call`. */
  private follow(call: Call, next: sfn.State) {
    const task = this.entries[call.name] as Task;
    if (call.when) {
      const skip = new sfn.Pass(this.step, `${call.name}Skip`, { ...this.named(`${call.name} left out`), assign: { [call.name]: null } });
      this.choice(call, 'if').when(sfn.Condition.jsonata(call.when), task).otherwise(skip.next(next));
    }
    const { Error, Cause, whole } = errorOf(call);
    const accept = acceptedBy(call);
    if (accept) task.addCatch(this.accepted(call, next), { errors: accept, outputs: KEEP_INPUT, assign: { [call.name]: `{% ${whole} %}` } });
    const late = this.late(call);
    // What fails before the deadline leaves the work to a repeat, which finds it.
    const failed = call.cancel ? this.choice(call, 'late').when(sfn.Condition.jsonata(LATE), late).otherwise(this.fail) : this.fail;
    task.addCatch(failed, { assign: { failure: this.failure(`{% ${Error} %}`, `{% ${Error} & ': ' & ${Cause} %}`, call) } });
    task.next(this.settled(call, next, late));
  }

  /** Where `call` leads when the deadline has passed: to failure, by way of what asks for the end of the work. */
  private late({ cancel }: Call): sfn.State {
    return cancel ? this.task(cancel, sfn.Timeout.duration(CANCELLING)).addCatch(this.fail).next(this.fail).startState : this.fail;
  }

  /** `next`, or failure when the error is not the one that `call` accepts. */
  private accepted(call: Call, next: sfn.State): sfn.State {
    if (!call.acceptCause) return next;
    return this.choice(call, 'accepted')
      .when(sfn.Condition.jsonata(`{% $contains('' & $${call.name}.Cause, /${call.acceptCause}/) %}`), next)
      .otherwise(new sfn.Pass(this.step, `${call.name}Refused`, {
        ...this.named(`${call.name} refused`),
        assign: { failure: this.failure(`{% $${call.name}.Error %}`, `{% $${call.name}.Error & ': ' & $${call.name}.Cause %}`, call) },
      }).next(this.fail));
  }

  /** `next` once `call` is over; until then, round again. */
  private settled(call: Call, next: sfn.State, late: sfn.State): sfn.State {
    if (!call.until && !call.failed) return next;
    const check = this.choice(call, 'over');
    if (call.failed) {
      const cause = call.cause ?? `{% $string($${call.name}) %}`;
      check.when(sfn.Condition.jsonata(call.failed), this.fail, { assign: { failure: this.failure('Mlops.Failed', cause, call) } });
    }
    if (!call.until) return check.otherwise(next);
    // A call with a condition is left out of the repeats too, where the condition does not hold.
    const from = call.repeatFrom ?? call.name;
    const again = this.step.node.tryFindChild(`${from}-if`) as sfn.State ?? this.entries[from];
    const reason = { assign: { failure: this.failure('Mlops.Timeout', `no end after ${this.timeout.toSeconds()} s`, call) } };
    return check.when(sfn.Condition.jsonata(call.until), next)
      .when(sfn.Condition.jsonata(LATE), late, reason)
      .otherwise(call.next ? again : this.wait(call, again));
  }

  /** A wait that grows with the time that has passed, and then `again`. */
  private wait(call: Call, again: sfn.State): sfn.State {
    const seconds = `{% $min([${this.interval.toSeconds()}, 1 + $floor((${this.timeout.toMilliseconds()} - $deadline + $millis()) / 10000)]) %}`;
    return new sfn.Wait(this.step, `${call.name}Wait`, { ...this.named(`${call.name} wait`), time: sfn.WaitTime.seconds(seconds) }).next(again).startState;
  }

  private failure(error: string, cause: string, call: Call) {
    return { Error: error, Cause: cause, Log: call.log ?? '{% $states.context.Execution.Id %}' };
  }

  private choice(call: Call, part: string): sfn.Choice {
    const id = `${call.name}-${part}`;
    return this.step.node.tryFindChild(id) as sfn.Choice ?? new sfn.Choice(this.step, id, this.named(`${call.name} ${part}?`));
  }

  private named(part: string): sfn.StateBaseProps {
    return { stateName: `${this.step.node.id}: ${part}`, queryLanguage: sfn.QueryLanguage.JSONATA };
  }
}

const isFunction = ({ resource }: Call) => Token.isUnresolved(resource) || resource.startsWith('arn:');

function serviceOf(call: Call): string {
  return isFunction(call) ? 'function' : /^(?:aws-sdk:)?([a-z0-9]+)/.exec(call.resource)![1];
}

/** The errors that `call` accepts, as they come in: no function may report one that starts with `States.`. */
function acceptedBy(call: Call): string[] | undefined {
  return isFunction(call) ? call.accept?.map(error => error.replace(/^States\.(?=Http\.)/, '')) : call.accept;
}

/** How `call` has failed, in JSONata: a function's error reads as that of an HTTP Task, its message stands in JSON. */
function errorOf(call: Call): { Error: string; Cause: string; whole: string } {
  const whole = '$states.errorOutput';
  const [Error, Cause] = [`${whole}.Error`, `${whole}.Cause`];
  if (!isFunction(call)) return { Error, Cause, whole };
  const [name, message] = [`$replace(${Error}, /^Http\\./, 'States.Http.')`, `$replace(${Cause}, /^\\{"errorType": ?"[^"]*", ?"errorMessage": ?"(.*)", ?"trace": ?\\[.*$/, '$1')`];
  return { Error: name, Cause: message, whole: `{'Error': ${name}, 'Cause': ${message}}` };
}

/** One call to an integration. */
class Task extends sfn.TaskStateBase {
  protected readonly taskMetrics = undefined;
  protected readonly taskPolicies: iam.PolicyStatement[];

  constructor(scope: Construct, private readonly call: Call, props: sfn.TaskStateBaseProps) {
    super(scope, call.name, props);
    this.taskPolicies = explain(this, call.policies, `step \`${scope.node.id}\` calls ${isFunction(call) ? 'the function that calls the service' : `\`${call.resource}\``}`);
  }

  /** In a stack whose secrets are rotated, a refusal is waited out: a minute, in all. */
  public override toStateJson(topLevelQueryLanguage?: sfn.QueryLanguage): object {
    const json: { Retry?: object[] } = super.toStateJson(topLevelQueryLanguage);
    const ErrorEquals = REFUSED[serviceOf(this.call)];
    return ErrorEquals && followerOf(this) ? { ...json, Retry: [...json.Retry ?? [], { ErrorEquals, IntervalSeconds: 2, MaxAttempts: 5, BackoffRate: 2 }] } : json;
  }

  /** @internal */
  protected override _renderTask(): any {
    const resource = isFunction(this.call) ? this.call.resource : `arn:${Aws.PARTITION}:states:::${this.call.resource}`;
    return { Resource: resource, Arguments: this.call.arguments };
  }
}
