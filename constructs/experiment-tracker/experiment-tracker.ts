import { IComponent } from '../core';

/**
 * What the name of an experiment may be, in a pattern and in words.
 * @internal
 */
export const EXPERIMENT = [/^[^\p{C}]{1,500}$/u, 'the name of an experiment, of 1 to 500 characters'] as const;

/**
 * Records what training runs did: parameters, metrics, artifacts. It has no verbs: jobs log through their environment, with
 * the provider's own client library (in the `requirements.txt` of their source folder).
 */
export interface IExperimentTracker extends IComponent {}
