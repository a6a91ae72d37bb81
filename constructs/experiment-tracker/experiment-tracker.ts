import { IComponent } from '../core';

/**
 * What the name of an experiment may be, in a pattern and in words.
 * @internal
 */
export const EXPERIMENT = [/^[^\p{C}]{1,500}$/u, 'the name of an experiment, of 1 to 500 characters'] as const;

/**
 * What an MLflow server answers a known caller.
 * @internal
 */
export const SEARCH = { path: '/api/2.0/mlflow/experiments/search', body: { max_results: 1 }, expects: {} };

/**
 * Records what training runs did: parameters, metrics, artifacts. It has no verbs: jobs log through their environment, with
 * the provider's own client library (in the `requirements.txt` of their source folder).
 */
export interface IExperimentTracker extends IComponent {}
