import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { IComponent, Step } from '../core';

/** How a run has ended. */
export enum RunStatus {
  /** It did its work. */
  SUCCEEDED = 'SUCCEEDED',
  /** It failed. */
  FAILED = 'FAILED',
  /** It took too long. */
  TIMED_OUT = 'TIMED_OUT',
  /** Somebody stopped it. */
  ABORTED = 'ABORTED',
}

/** A run of a pipeline. */
export interface RunOptions {
  /** The pipeline's name. */
  readonly pipeline: string;
  /**
   * The pipeline's input; may be JSONata.
   * @default - `runId` alone
   */
  readonly input?: { [name: string]: any };
  /**
   * More names of the step's result: values, or JSONata in which `$run` is the run and `$output` its output. The step fails
   * when one of them is nothing.
   * @default - `run` and `output` alone
   */
  readonly result?: { [name: string]: any };
  /**
   * The longest that the run may take.
   * @default Duration.days(1)
   */
  readonly timeout?: Duration;
}

/** Which runs, and who is told. */
export interface RunChangedOptions {
  /**
   * The statuses.
   * @default - every way to end without success
   */
  readonly statuses?: RunStatus[];
  /** Receives `run`, `pipeline`, `status`, `at` (ISO 8601). */
  readonly target: events.IRuleTarget;
}

/** A run to look up. */
export interface InspectOptions {
  /** The run, as an event gave it; may be JSONata. */
  readonly run: string;
  /**
   * The longest that it may take, retries included.
   * @default Duration.days(1)
   */
  readonly timeout?: Duration;
}

/** A run to end. */
export interface CancelOptions {
  /** The run, as `run` or an event gave it; may be JSONata. */
  readonly run: string;
  /**
   * The longest that it may take, retries included.
   * @default Duration.days(1)
   */
  readonly timeout?: Duration;
}

/** A pipeline of steps. */
export interface PipelineOptions {
  /** The steps and whatever states stand between them. */
  readonly definition: sfn.IChainable;
  /**
   * What it does, in a sentence.
   * @default - none
   */
  readonly comment?: string;
  /**
   * The longest that a run may take.
   * @default Duration.days(7)
   */
  readonly timeout?: Duration;
}

/**
 * Runs pipelines, wherever they live. A pipeline that is not a state machine is given `runId` and `outputs`, besides its input:
 * it leaves its output, as JSON, at this s3:// address, and its model, if it makes one, in the same folder.
 */
export interface IOrchestrator extends IComponent {
  /** Runs a pipeline and waits for its end. Result: `run`, `output` and the names of `result`. Keyed by the run: a retry finds what was started. Past its deadline the run is asked to end. */
  run(scope: Construct, id: string, options: RunOptions): Step;
  /** Looks a run up. Result: `run`, `name`, `status` (`RUNNING` or a `RunStatus`), `error`, `cause` (empty where there is none). */
  inspect(scope: Construct, id: string, options: InspectOptions): Step;
  /** Asks for the end of a run, and does not wait for it; a run that is over stays as it is. Result: `run`. */
  cancel(scope: Construct, id: string, options: CancelOptions): Step;
}

/** Runs pipelines of steps, which are state machines and are added to it. */
export interface IPipelineOrchestrator extends IOrchestrator {
  /** Adds a pipeline, which this orchestrator then runs by its name. */
  addPipeline(name: string, options: PipelineOptions): sfn.StateMachine;
  /** Tells `target` of each run that changes to one of `statuses`. */
  onRunChanged(id: string, options: RunChangedOptions): events.Rule;
}
