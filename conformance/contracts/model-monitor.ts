import * as events from 'aws-cdk-lib/aws-events';
import { IDriftMonitor, IModelMonitor } from '../../constructs/model-monitor/model-monitor';
import { Contract } from '../contract';
import { StandIn } from '../stand-in';

const UNHEALTHY = ['alarm', 'state', 'reason', 'at'];
const DRIFT = ['check', 'reason', 'at'];

class StandInModelMonitor extends StandIn implements IDriftMonitor {
  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return this.rule(id, UNHEALTHY, target);
  }

  public onDrift(id: string, target: events.IRuleTarget): events.Rule {
    return this.rule(id, DRIFT, target);
  }
}

export const MODEL_MONITOR: Contract<IModelMonitor> = {
  component: 'model-monitor',
  standIn: scope => new StandInModelMonitor(scope, 'StandIn'),
  verbs: {},
  events: { onUnhealthy: { rule: (monitor, id, target) => monitor.onUnhealthy(id, target), payload: UNHEALTHY } },
};

export const DRIFT_MONITOR: Contract<IDriftMonitor> = {
  component: 'model-monitor',
  standIn: scope => new StandInModelMonitor(scope, 'StandIn'),
  verbs: {},
  events: {
    onUnhealthy: { rule: (monitor, id, target) => monitor.onUnhealthy(id, target), payload: UNHEALTHY },
    onDrift: { rule: (monitor, id, target) => monitor.onDrift(id, target), payload: DRIFT },
  },
};
