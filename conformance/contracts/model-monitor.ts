import * as events from 'aws-cdk-lib/aws-events';
import { IModelMonitor } from '../../constructs/model-monitor/model-monitor';
import { Contract } from '../contract';
import { StandIn } from '../stand-in';

const PAYLOAD = ['alarm', 'state', 'reason', 'at'];

class StandInModelMonitor extends StandIn implements IModelMonitor {
  public onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return this.rule(id, PAYLOAD, target);
  }
}

export const MODEL_MONITOR: Contract<IModelMonitor> = {
  component: 'model-monitor',
  standIn: scope => new StandInModelMonitor(scope, 'StandIn'),
  verbs: {},
  events: { onUnhealthy: { rule: (monitor, id, target) => monitor.onUnhealthy(id, target), payload: PAYLOAD } },
};
