import * as events from 'aws-cdk-lib/aws-events';
import { IComponent } from '../core';

/** Watches a model that serves. */
export interface IModelMonitor extends IComponent {
  /** Tells `target` when the model is found unhealthy: `alarm`, `state`, `reason`, `at` (ISO 8601). */
  onUnhealthy(id: string, target: events.IRuleTarget): events.Rule;
}
