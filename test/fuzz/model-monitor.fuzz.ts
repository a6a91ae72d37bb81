import { Duration } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { CloudWatchModelMonitor } from '../../lib';
import { alarm, deployable, fixed, machineTarget, props, text } from './arbitraries';
import { fuzz } from './fuzz';
import { recipe } from './recipe';

const maxLatency = fc.constantFrom(0, 1, 1000, 0.5, 86_400_000, 1e12).chain(count => recipe(`Duration.millis(${count})`, () => Duration.millis(count)));

fuzz('CloudWatchModelMonitor', props({ endpoint: fc.oneof({ weight: 4, arbitrary: deployable }, { weight: 1, arbitrary: fixed }) }, {
  maxErrorPercentage: fc.oneof(fc.constantFrom(0, 1, 100, 101, -1, 0.1, 1e-7, NaN), fc.double({ min: 0, max: 100 })), maxLatency,
}), (stack, given) => {
  new CloudWatchModelMonitor(stack, 'Monitor', given);
});

fuzz('CloudWatchModelMonitor.fromAlarms', fc.tuple(machineTarget, props({ alarms: fc.array(alarm, { maxLength: 3 }), dashboardName: fc.oneof(fc.constantFrom('ml', 'm l', 'x'.repeat(256)), text) })), (stack, [target, given]) => {
  CloudWatchModelMonitor.fromAlarms(stack, 'Monitor', given).onUnhealthy('Unhealthy', target);
});
