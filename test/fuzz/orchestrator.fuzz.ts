import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as fc from 'fast-check';
import { AirflowOrchestrator, DagsterOrchestrator, PrefectOrchestrator, StepFunctionsOrchestrator, ZenmlOrchestrator } from '../../lib';
import { auth, duration, machineTarget, mostly, props, store, text, textOrReference } from './arbitraries';
import { fuzz } from './fuzz';
import { machine } from './machine';
import { recipe } from './recipe';
import { url, usualUrl } from './urls';

const definition = recipe('one state', (stack, id) => new sfn.Pass(stack, id));
const name = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('training', 'a_b-c', 'constructor', 'toString', 'Log', '1st', 'x'.repeat(41)) }, { weight: 1, arbitrary: textOrReference });

fuzz('StepFunctionsOrchestrator', props({}, { logRetention: fc.constantFrom<unknown>(logs.RetentionDays.ONE_DAY, logs.RetentionDays.INFINITE, 2, 'ONE_DAY') }), (stack, given) => {
  new StepFunctionsOrchestrator(stack, 'Orchestrator', given).addPipeline('training', { definition: new sfn.Pass(stack, 'Pass') });
});

fuzz('IPipelineOrchestrator.addPipeline', fc.tuple(name, props({ definition }, { comment: textOrReference, timeout: duration(0, 1, 86400 * 365) })), (stack, [given, options]) => {
  new StepFunctionsOrchestrator(stack, 'Orchestrator').addPipeline(given, options);
});

const imported = recipe('a state machine that exists', (stack, id) => sfn.StateMachine.fromStateMachineArn(stack, id, 'arn:aws:states:us-east-1:123456789012:stateMachine:mine'));

fuzz('StepFunctionsOrchestrator.importPipeline', props({ name, stateMachine: imported }), (stack, given) => {
  const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
  orchestrator.importPipeline(given?.name, given?.stateMachine);
  machine(stack, orchestrator.run(stack, 'Run', { pipeline: given.name }));
});

fuzz('IOrchestrator.run', props({ pipeline: fc.oneof(fc.constantFrom('training', 'trainin', 'constructor'), textOrReference) }, { input: fc.dictionary(text, fc.jsonValue(), { maxKeys: 3 }), timeout: duration(0, 1, 86400) }), (stack, given) => {
  const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
  orchestrator.addPipeline('training', { definition: new sfn.Pass(stack, 'Pass') });
  machine(stack, orchestrator.run(stack, 'Run', given));
});

fuzz('IOrchestrator.inspect', props({ run: textOrReference }), (stack, given) => {
  const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
  orchestrator.addPipeline('training', { definition: new sfn.Pass(stack, 'Pass') });
  machine(stack, orchestrator.inspect(stack, 'Inspect', given));
});

fuzz('IOrchestrator.cancel', props({ run: textOrReference }), (stack, given) => {
  const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
  orchestrator.addPipeline('training', { definition: new sfn.Pass(stack, 'Pass') });
  machine(stack, orchestrator.cancel(stack, 'Cancel', given));
});

for (const [Orchestrator, ...pipelines] of [
  [PrefectOrchestrator, 'train', 'train/nightly', 'a b/ü', 'a/b/c'], [AirflowOrchestrator, 'nightly', 'a.b_c-1', 'a b', 'a/b'], [DagsterOrchestrator, 'nightly', 'jobs.py/nightly', 'a/b/c', 'a/b/c/d'],
] as const) {
  fuzz(Orchestrator.name, fc.tuple(props({ artifactStore: store, url }, { auth }), fc.oneof(fc.constantFrom(...pipelines), textOrReference)), (stack, [given, pipeline]) => {
    const orchestrator = new Orchestrator(stack, 'Orchestrator', given);
    machine(stack, orchestrator.run(stack, 'Run', { pipeline, result: { modelUri: '{% $output.modelUri %}' } }).next(orchestrator.inspect(stack, 'Inspect', { run: '{% $Run.run %}' }))
      .next(orchestrator.cancel(stack, 'Cancel', { run: '{% $Run.run %}' })));
  });
}

fuzz('ZenmlOrchestrator', fc.tuple(
  props({ artifactStore: store, url: usualUrl, deployments: fc.oneof(
    { weight: 3, arbitrary: fc.dictionary(fc.constantFrom('train', 'a b', 'Connection', '../ü'), usualUrl, { maxKeys: 3 }).map(more => ({ train: 'https://train.acme.dev', ...more })) },
    { weight: 1, arbitrary: fc.dictionary(fc.constantFrom('train', 'Connection', '../ü', '__proto__', 'a b'), url, { maxKeys: 3 }) },
  ) }, { auth, deploymentAuth: auth }),
  mostly(['train'], fc.oneof(fc.constantFrom('constructor', 'a b'), textOrReference)),
), (stack, [given, pipeline]) => {
  const orchestrator = new ZenmlOrchestrator(stack, 'Orchestrator', given);
  machine(stack, orchestrator.run(stack, 'Run', { pipeline }).next(orchestrator.inspect(stack, 'Inspect', { run: '{% $Run.run %}' })));
});

fuzz('IPipelineOrchestrator.onRunChanged', props({ target: machineTarget }, { statuses: fc.array(fc.constantFrom('SUCCEEDED', 'FAILED', 'failed'), { maxLength: 3 }) }), (stack, given) => {
  const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
  orchestrator.addPipeline('training', { definition: new sfn.Pass(stack, 'Pass') });
  orchestrator.onRunChanged('Changed', given);
});
