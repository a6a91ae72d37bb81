import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { IS3ArtifactStore } from '../constructs/artifact-store/artifact-store';
import { IComponent, Step } from '../constructs/core';
import { IExperimentTracker } from '../constructs/experiment-tracker/experiment-tracker';
import { ICapturingEndpoint } from '../constructs/model-endpoint/model-endpoint';

/** One thing that a provider must do. A test framework runs it under its name. */
export interface ConformanceCase {
  /** What is checked, such as `notify: result`. */
  readonly name: string;
  /** @throws Error with one line when the provider does not do it */
  run(): void;
}

/** The components beside the provider, none of them real, all of them in the same stack. */
export interface Neighbours {
  /** In S3. */
  readonly artifactStore: IS3ArtifactStore;
  readonly experimentTracker: IExperimentTracker;
  /** Captures its traffic. */
  readonly modelEndpoint: ICapturingEndpoint;
}

/** Makes the provider. Whatever it needs besides its neighbours, such as a secret, belongs into `scope` too. */
export type Factory<C extends IComponent> = (scope: Construct, neighbours: Neighbours) => C;

/** The cases of one contract for the provider that `make` makes. */
export type Suite<C extends IComponent> = (make: Factory<C>) => ConformanceCase[];

/** A verb of a contract. */
export interface Verb<C extends IComponent> {
  /** Its step, asked with `given(...)` for each of `request`, and for an end within `TIMEOUT`. */
  step(component: C, scope: Construct, id: string, neighbours: Neighbours): Step;
  /** The options that reach the provider's calls. */
  readonly request: string[];
  /** The names in its result. */
  readonly result: string[];
  /** Whether the work is keyed by the run, so that a repeat finds it. */
  readonly keyed?: boolean;
}

/** An event of a contract. */
export interface Occurrence<C extends IComponent> {
  rule(component: C, id: string, target: events.IRuleTarget): events.Rule;
  /** The names in what the target receives. */
  readonly payload: string[];
}

/** What a contract asks of whoever provides it. */
export interface Contract<C extends IComponent> {
  /** The component's name, such as `alerter`. */
  readonly component: string;
  /** A provider that does nothing, for what is compared with the real one. */
  readonly standIn: Factory<C>;
  readonly verbs: { [name: string]: Verb<C> };
  readonly events: { [name: string]: Occurrence<C> };
  /** What the contract says in properties, by name. Each throws. */
  readonly properties?: { [name: string]: (component: C) => void };
  /** Permissions that the contract hands out besides `bind`. */
  readonly policies?: (component: C) => iam.PolicyStatement[];
}

/** The deadline that each verb is given. */
export const TIMEOUT = Duration.minutes(7);

/** An option of a verb as an expression, so that it is known again in the state machine. */
export function given(option: string): string {
  return `{% ${source(option)} %}`;
}

/** The text of `given(option)` inside an expression. */
export function source(option: string): string {
  return `$states.context.Execution.Input.conformance.${option}`;
}
