import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as fc from 'fast-check';
import { CloudWatchModelMonitor, ModelDeployment, ModelLoop, RunAlerts, StepFunctionsOrchestrator, TrainingPipeline } from '../../lib';
import { alerter, deployable, duration, fixed, orchestrator, props, registry, store, text, textOrReference, tracker, trainer } from './arbitraries';
import { fuzz } from './fuzz';
import { machine } from './machine';
import { recipe } from './recipe';

const bound = fc.oneof(fc.constantFrom(0, 0.9, 1, -1, 1e21, 1e-9, NaN, Infinity), fc.double());
const gate = fc.oneof({ weight: 3, arbitrary: fc.constantFrom({ metric: 'f1', minimum: 0.9 }, { metric: 'rmse', maximum: 2 }, { metric: 'f1' }, { metric: 'f1', minimum: 2, maximum: 1 }) }, { weight: 2, arbitrary: fc.record({ metric: fc.oneof(fc.constant('f1'), text), minimum: bound, maximum: bound }, { requiredKeys: ['metric'] }) });
const training = fc.record({ metrics: fc.constantFrom<unknown>(['f1'], [], 'f1'), uses: fc.array(tracker, { maxLength: 1 }) }, { requiredKeys: [] });
const approval = fc.constantFrom('manual', 'automatic', 'MANUAL', '');
const monitor = recipe('a monitor', (stack, id) => CloudWatchModelMonitor.fromAlarms(stack, id, {
  alarms: [cloudwatch.Alarm.fromAlarmArn(stack, `${id}Alarm`, 'arn:aws:cloudwatch:us-east-1:123456789012:alarm:mine')], dashboardName: 'ml',
}));
const endpoint = fc.oneof({ weight: 5, arbitrary: deployable }, { weight: 1, arbitrary: fixed });
const sample = fc.oneof(fc.constantFrom('data/sample.csv', '/sample.csv', "it's.csv"), textOrReference);

fuzz('TrainingPipeline', props({ trainer, registry, training }, { gate, approval, alerter }), (stack, given) => machine(stack, new TrainingPipeline(stack, 'Pipeline', given)));

fuzz('ModelDeployment', props({ registry, endpoint, store, orchestrator }, { sample, alerter, timeout: duration(0, 1, 7200) }), (stack, given) => {
  (given?.orchestrator as StepFunctionsOrchestrator)?.addPipeline?.('deployment', { definition: new ModelDeployment(stack, 'Deployment', given) });
  if (given?.orchestrator?.addPipeline === undefined) new ModelDeployment(stack, 'Deployment', given);
});

fuzz('RunAlerts', props({ alerter, orchestrator }, { monitor }), (stack, given) => {
  (given?.orchestrator as StepFunctionsOrchestrator)?.addPipeline?.('training', { definition: new sfn.Pass(stack, 'Pass') });
  new RunAlerts(stack, 'Alerts', given);
});

fuzz('ModelLoop', props({ store, trainer, registry, endpoint, orchestrator, alerter, training }, { gate, approval, sample, monitor }), (stack, given) => {
  new ModelLoop(stack, 'Loop', given);
});
