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

/** Runs pipelines, wherever they live. */
export interface IOrchestrator extends IComponent {
  /** Runs a pipeline and waits for its end. Result: `run`, `output`. Keyed by the run: a retry finds what was started. */
  run(scope: Construct, id: string, options: RunOptions): Step;
  /** Looks a run up. Result: `run`, `name`, `status`, `error`, `cause` (empty where there is none). */
  inspect(scope: Construct, id: string, options: InspectOptions): Step;
  /** Tells `target` of each run that changes to one of `statuses`. */
  onRunChanged(id: string, options: RunChangedOptions): events.Rule;
}

/** Runs pipelines of steps, which are state machines and are added to it. */
export interface IPipelineOrchestrator extends IOrchestrator {
  /** Adds a pipeline, which this orchestrator then runs by its name. */
  addPipeline(name: string, options: PipelineOptions): sfn.StateMachine;
}
