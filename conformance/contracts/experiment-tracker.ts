import { IExperimentTracker } from '../../constructs/experiment-tracker/experiment-tracker';
import { Contract } from '../contract';
import { StandIn } from '../stand-in';

export class StandInExperimentTracker extends StandIn implements IExperimentTracker {}

export const EXPERIMENT_TRACKER: Contract<IExperimentTracker> = {
  component: 'experiment-tracker',
  standIn: scope => new StandInExperimentTracker(scope, 'StandIn'),
  verbs: {},
  events: {},
};
