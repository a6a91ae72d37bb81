import * as events from 'aws-cdk-lib/aws-events';
import { IComponent } from '../core';

/** Watches a model that serves. */
export interface IModelMonitor extends IComponent {
  /** Tells `target` when the model is found unhealthy, or cannot be watched: `alarm`, `state`, `reason`, `at` (ISO 8601). */
  onUnhealthy(id: string, target: events.IRuleTarget): events.Rule;
}

/** Watches what the model is asked and answers, too: `onUnhealthy` tells of drift as of everything else. */
export interface IDriftMonitor extends IModelMonitor {
  /** Tells `target` of drift alone: `check` (what has found it), `reason`, `at` (ISO 8601). */
  onDrift(id: string, target: events.IRuleTarget): events.Rule;
}
