import { Duration } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { CloudWatchModelMonitor, EvidentlyModelMonitor, FiddlerModelMonitor, FiddlerPartnerAppModelMonitor, OtlpModelMonitor, OtlpSignal, PhoenixModelMonitor, WhyLabsModelMonitor } from '../../lib';
import { alarm, auth, deployable, duration, fixed, machineTarget, props, secret, text, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';
import { recipe } from './recipe';

const maxLatency = fc.constantFrom(0, 1, 1000, 0.5, 86_400_000, 1e12).chain(count => recipe(`Duration.millis(${count})`, () => Duration.millis(count)));

const endpoint = fc.oneof({ weight: 4, arbitrary: deployable }, { weight: 1, arbitrary: fixed });
const url = fc.oneof({ weight: 8, arbitrary: fc.constantFrom('https://monitor.acme.dev', 'https://monitor.acme.dev/v1/', 'http://127.0.0.1:4318') }, { weight: 1, arbitrary: fc.constant('http://monitor.acme.dev') }, { weight: 1, arbitrary: text });
const id = fc.oneof({ weight: 8, arbitrary: fc.uuid() }, { weight: 1, arbitrary: text });
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
  endpoint, url, collectorUrl: url, collector: fc.oneof({ weight: 8, arbitrary: fc.constant('fraud') }, { weight: 1, arbitrary: fc.constantFrom('a/b', '') }, { weight: 1, arbitrary: text }), project: id,
}, { secret, secretField: textOrReference, features, interval: duration(60, 300, 86_400) })), (stack, [target, given]) => {
  new EvidentlyModelMonitor(stack, 'Monitor', given as any).onDrift('Drift', target);
});

fuzz('PhoenixModelMonitor', fc.tuple(machineTarget, props({ endpoint, url, project: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('fraud', 'fraud.v2', 'a/b', '..', '') }, { weight: 1, arbitrary: text }) }, { apiKey: secret, apiKeyField: textOrReference, features })), (stack, [target, given]) => {
  new PhoenixModelMonitor(stack, 'Monitor', given as any).onUnhealthy('Unhealthy', target);
});

const fiddler = {
  endpoint, url, model: id, apiKey: secret,
  alertRules: fc.dictionary(fc.oneof({ weight: 16, arbitrary: fc.constantFrom('drift', 'a b', 'p(x)') }, { weight: 1, arbitrary: fc.constantFrom("it's", '__proto__', '{% 1 %}') }, { weight: 1, arbitrary: text }), id, { minKeys: 1, maxKeys: 3 }),
};
const columns = { apiKeyField: textOrReference, features, predictionColumn: textOrReference, timestampColumn: textOrReference, idColumn: textOrReference };

fuzz('FiddlerModelMonitor', fc.tuple(machineTarget, props(fiddler, columns)), (stack, [target, given]) => {
  new FiddlerModelMonitor(stack, 'Monitor', given as any).onDrift('Drift', target);
});

const appArn = fc.oneof(
  { weight: 16, arbitrary: fc.constant('arn:aws:sagemaker:eu-west-1:123456789012:partner-app/app-ABC123') }, { weight: 1, arbitrary: fc.constantFrom('app-ABC123', 'arn:aws:sagemaker:::app') }, { weight: 1, arbitrary: text },
);

fuzz('FiddlerPartnerAppModelMonitor', fc.tuple(machineTarget, props({ ...fiddler, appArn }, columns)), (stack, [target, given]) => {
  new FiddlerPartnerAppModelMonitor(stack, 'Monitor', given as any).onDrift('Drift', target);
});

const name = fc.oneof({ weight: 16, arbitrary: fc.constantFrom('org-0', 'model_1') }, { weight: 1, arbitrary: fc.constantFrom('a/b', '..', '{% 1 %}') }, { weight: 1, arbitrary: text });

fuzz('WhyLabsModelMonitor', fc.tuple(machineTarget, props({
  endpoint, url, organization: name, dataset: name, apiKey: secret, containerUrl: url, containerPassword: secret,
}, {
  apiKeyField: textOrReference, containerPasswordField: textOrReference, features, predictionColumn: textOrReference, window: duration(86_400, 691_200, 43_200),
})), (stack, [target, given]) => {
  new WhyLabsModelMonitor(stack, 'Monitor', given as any).onDrift('Drift', target);
});
