import * as events from 'aws-cdk-lib/aws-events';
import { modelMonitor } from '../../../conformance';
import { SoundMonitor } from '../sound';

class Broken extends SoundMonitor {
  public override onUnhealthy(id: string, target: events.IRuleTarget): events.Rule {
    return new events.Rule(this, id, { eventPattern: { source: ['acme'] }, targets: [target] });
  }
}

export const cases = modelMonitor(scope => new Broken(scope, 'Monitor'));
export const fails = { 'onUnhealthy: payload': "'onUnhealthy' must tell 'alarm' (alarm, state, reason, at), got the provider's own event" };
