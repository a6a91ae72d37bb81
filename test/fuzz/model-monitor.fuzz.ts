import { Duration } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { CloudWatchModelMonitor, EvidentlyModelMonitor, FiddlerModelMonitor, OtlpModelMonitor, OtlpSignal, PhoenixModelMonitor } from '../../lib';
import { alarm, auth, deployable, duration, fixed, machineTarget, props, secret, text, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';
import { recipe } from './recipe';

const maxLatency = fc.constantFrom(0, 1, 1000, 0.5, 86_400_000, 1e12).chain(count => recipe(`Duration.millis(${count})`, () => Duration.millis(count)));

const endpoint = fc.oneof({ weight: 4, arbitrary: deployable }, { weight: 1, arbitrary: fixed });
const url = fc.oneof(fc.constantFrom('https://monitor.acme.dev', 'https://monitor.acme.dev/v1/', 'http://127.0.0.1:4318', 'http://monitor.acme.dev'), text);
const features = fc.array(textOrReference, { maxLength: 3 });

fuzz('CloudWatchModelMonitor', props({ endpoint }, {
  maxErrorPercentage: fc.oneof(fc.constantFrom(0, 1, 100, 101, -1, 0.1, 1e-7, NaN), fc.double({ min: 0, max: 100 })), maxLatency,
}), (stack, given) => {
  new CloudWatchModelMonitor(stack, 'Monitor', given);
});

fuzz('CloudWatchModelMonitor.fromAlarms', fc.tuple(machineTarget, props({ alarms: fc.array(alarm, { maxLength: 3 }), dashboardName: fc.oneof(fc.constantFrom('ml', 'm l', 'x'.repeat(256)), text) })), (stack, [target, given]) => {
  CloudWatchModelMonitor.fromAlarms(stack, 'Monitor', given).onUnhealthy('Unhealthy', target);
});

fuzz('OtlpModelMonitor', fc.tuple(machineTarget, props({ endpoint, url, webhookSecret: secret }, {
  webhookSecretField: textOrReference, auth, signals: fc.array(fc.constantFrom(...Object.values(OtlpSignal), 'spans'), { maxLength: 3 }), features,
})), (stack, [target, given]) => {
  new OtlpModelMonitor(stack, 'Monitor', given as any).onDrift('Drift', target);
});

fuzz('EvidentlyModelMonitor', fc.tuple(machineTarget, props({
  endpoint, url, collectorUrl: url, collector: fc.oneof(fc.constantFrom('fraud', 'a/b', ''), text), project: fc.oneof({ weight: 4, arbitrary: fc.uuid() }, { weight: 1, arbitrary: text }),
}, { secret, secretField: textOrReference, features, interval: duration(60, 300, 86_400) })), (stack, [target, given]) => {
  new EvidentlyModelMonitor(stack, 'Monitor', given as any).onDrift('Drift', target);
});

fuzz('PhoenixModelMonitor', fc.tuple(machineTarget, props({ endpoint, url, project: fc.oneof(fc.constantFrom('fraud', 'a/b', '..', ''), text) }, { apiKey: secret, apiKeyField: textOrReference, features })), (stack, [target, given]) => {
  new PhoenixModelMonitor(stack, 'Monitor', given as any).onUnhealthy('Unhealthy', target);
});

fuzz('FiddlerModelMonitor', fc.tuple(machineTarget, props({
  endpoint, url, model: fc.oneof({ weight: 4, arbitrary: fc.uuid() }, { weight: 1, arbitrary: text }), apiKey: secret,
  alertRules: fc.dictionary(fc.oneof(fc.constantFrom('drift', "it's", 'a b', '__proto__', '{% 1 %}'), text), fc.oneof({ weight: 4, arbitrary: fc.uuid() }, { weight: 1, arbitrary: text }), { maxKeys: 3 }),
}, { apiKeyField: textOrReference, features, predictionColumn: textOrReference, timestampColumn: textOrReference, idColumn: textOrReference })), (stack, [target, given]) => {
  new FiddlerModelMonitor(stack, 'Monitor', given as any).onDrift('Drift', target);
});
