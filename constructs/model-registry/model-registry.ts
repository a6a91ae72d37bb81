import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { IComponent, Step } from '../core';

/** What a person, or a rule, has decided about a model version. */
export enum ModelStatus {
  /** Waits for a decision. */
  PENDING = 'PendingManualApproval',
  /** May be deployed. */
  APPROVED = 'Approved',
  /** May not be deployed. */
  REJECTED = 'Rejected',
}

/** A model to register. */
export interface RegisterOptions {
  /** The model's s3:// address; may be JSONata. */
  readonly modelUri: string;
  /** The image that serves it; may be JSONata. */
  readonly image: string;
  /**
   * Its metrics, name to number; may be JSONata.
   * @default - none
   */
  readonly metrics?: string;
  /**
   * What a person who decides should know.
   * @default - none
   */
  readonly description?: string;
  /**
   * The longest that it may take, retries included.
   * @default Duration.days(1)
   */
  readonly timeout?: Duration;
}

/** A version to look up. */
export interface ResolveOptions {
  /** The version, as `register` or an event gave it; may be JSONata. */
  readonly version: string;
  /**
   * When its change was told: `at` of the event, the reason for looking it up (ISO 8601); may be JSONata, and may yield nothing.
   * A registry that does not keep when it was decided takes this for `changedAt`.
   * @default - what the registry itself keeps
   */
  readonly toldAt?: string;
  /**
   * The longest that it may take, retries included.
   * @default Duration.days(1)
   */
  readonly timeout?: Duration;
}

/** A decision about a version. */
export interface SetStatusOptions {
  /** The version, as `register` or an event gave it; may be JSONata. */
  readonly version: string;
  /** The decision. */
  readonly status: ModelStatus;
  /**
   * Why, in a sentence.
   * @default - none
   */
  readonly reason?: string;
  /**
   * The longest that it may take, retries included.
   * @default Duration.days(1)
   */
  readonly timeout?: Duration;
}

/** Which changes, and who is told. */
export interface StatusChangedOptions {
  /** The status that a version changed to. */
  readonly status: ModelStatus;
  /** Receives `version`, `status`, `at` (ISO 8601). */
  readonly target: events.IRuleTarget;
}

/** Keeps versions of models, and what was decided about each. */
export interface IModelRegistry extends IComponent {
  /** Registers a version, `PENDING`. Result: `version`, `status`. Keyed by the run: a retry finds the version. */
  register(scope: Construct, id: string, options: RegisterOptions): Step;
  /** Looks a version up. Result: `version`, `modelUri`, `image`, `status`, `changedAt` (ISO 8601). */
  resolve(scope: Construct, id: string, options: ResolveOptions): Step;
  /** Decides about a version. Result: `version`, `status`. */
  setStatus(scope: Construct, id: string, options: SetStatusOptions): Step;
  /**
   * Tells `target` of each version whose status changed to `status`. A change may be told more than once: `changedAt` of the version,
   * looked up with `toldAt`, is then the same.
   */
  onStatusChanged(id: string, options: StatusChangedOptions): events.Rule;
}
