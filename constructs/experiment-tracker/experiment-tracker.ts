import { IComponent } from '../core';

/**
 * Records what training runs did: parameters, metrics, artifacts. It has no verbs: jobs log through their environment, with
 * the provider's own client library (in the `requirements.txt` of their source folder).
 */
export interface IExperimentTracker extends IComponent {}
