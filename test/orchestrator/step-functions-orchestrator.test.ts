import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { IOrchestrator, RunStatus, StepFunctionsOrchestrator } from '../../lib';
import { error, execute } from '../support/machine';
import { allowed, definition, resource, resourcesOf } from '../support/template';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

function machine(stack: Stack, definition: sfn.IChainable): Template {
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(definition), queryLanguage: sfn.QueryLanguage.JSONATA });
  return Template.fromStack(stack);
}

describe('a pipeline', () => {
  const stack = new Stack(new App(), 'test');
  const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
  orchestrator.addPipeline('training', { definition: new sfn.Pass(stack, 'Work') });
  const template = Template.fromStack(stack);

  test('is a state machine in JSONata with a name, a deadline, traces and a log of its errors', () => {
    const { Properties } = resource(template, 'AWS::StepFunctions::StateMachine');

    expect(Properties.StateMachineName).toMatch(/^test-?Orchestrator.*-training$/);
    expect(Properties.TracingConfiguration).toEqual({ Enabled: true });
    expect(Properties.LoggingConfiguration).toMatchObject({ Level: 'ERROR', IncludeExecutionData: true });
    expect(definition(template)).toMatchObject({ QueryLanguage: 'JSONata', TimeoutSeconds: 7 * 24 * 3600 });
  });

  test('has a log whose name spares the size of the resource policy', () => {
    expect(resource(template, 'AWS::Logs::LogGroup').Properties).toEqual({ LogGroupName: expect.stringMatching(/^\/aws\/vendedlogs\/states\/test-[0-9a-f]{8}$/), RetentionInDays: 90 });
  });

  test('takes a comment, a deadline and a retention', () => {
    const other = new Stack(new App(), 'test');
    new StepFunctionsOrchestrator(other, 'Orchestrator', { logRetention: logs.RetentionDays.ONE_WEEK })
      .addPipeline('training', { definition: new sfn.Pass(other, 'Work'), comment: 'Works', timeout: Duration.hours(1) });

    expect(definition(Template.fromStack(other))).toMatchObject({ Comment: 'Works', TimeoutSeconds: 3600 });
    expect(resource(Template.fromStack(other), 'AWS::Logs::LogGroup').Properties.RetentionInDays).toBe(7);
  });
});

describe('run', () => {
  const stack = new Stack(new App(), 'test');
  const orchestrator: IOrchestrator & StepFunctionsOrchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
  orchestrator.addPipeline('training', { definition: new sfn.Pass(stack, 'Work') });
  const template = machine(stack, orchestrator.run(stack, 'Nightly', { pipeline: 'training', input: { day: 'monday' }, timeout: Duration.hours(1) }));

  /** Runs the step while the run goes through `statuses`. */
  async function run(statuses: string[], start: () => any = () => ({ ExecutionArn: 'x' })) {
    const requests: any[] = [];
    const execution = await execute(definition(template, 'Machine'), (name, request) => {
      requests.push(request);
      if (name.endsWith('started')) return start();
      const Status = statuses.shift()!;
      return { ExecutionArn: request.ExecutionArn, Status, ...Status === 'SUCCEEDED' ? { Output: '{"version":3}' } : {}, ...Status === 'FAILED' ? { Cause: 'Train: no data' } : {} };
    }, {});
    return { execution, requests };
  }

  test('starts the run under a name that a retry finds again, and waits for its end', async () => {
    const { execution, requests } = await run(['RUNNING', 'RUNNING', 'SUCCEEDED']);

    const { Name } = requests[0];
    expect(requests[0]).toEqual({ StateMachineArn: expect.stringMatching(/^<Orchestratortraining.*>$/), Name: expect.stringMatching(/^nightly-run-1-[0-9a-f]{12}$/), Input: { runId: 'run-1', day: 'monday' } });
    expect(requests[1].ExecutionArn).toMatch(new RegExp(`:execution:.*-training:${Name}$`));
    expect(execution.output).toEqual({ run: requests[1].ExecutionArn, output: { version: 3 } });
    expect(execution.calls).toEqual(['Nightly: started', 'Nightly: described', 'Nightly: described', 'Nightly: described']);
  });

  test('waits for a run that was started before', async () => {
    const { execution } = await run(['SUCCEEDED'], () => { throw error('StepFunctions.ExecutionAlreadyExistsException', 'it exists'); });

    expect(execution.output.output).toEqual({ version: 3 });
  });

  test.each([['FAILED', 'FAILED: Train: no data'], ['TIMED_OUT', 'TIMED_OUT'], ['ABORTED', 'ABORTED']])('fails when the run ends as %s', async (status, cause) => {
    const { execution } = await run(['RUNNING', status]);

    expect(execution.error?.Error).toBe('Mlops.Failed');
    expect(execution.error?.Cause).toMatch(new RegExp(`^Nightly: ${cause} \\(log: arn:aws:states:us-east-1:000000000000:execution:.*-training:nightly-run-1-[0-9a-f]{12}\\)$`));
  });

  test('ends a run that takes too long', async () => {
    const { execution, requests } = await run(Array(1000).fill('RUNNING'));

    expect(execution.error?.Error).toBe('Mlops.Timeout');
    expect(execution.calls.at(-1)).toBe('Nightly: stopped');
    expect(requests.at(-1)).toEqual({ ExecutionArn: requests[1].ExecutionArn });
  });

  test('may start this pipeline, look at its runs and end them, and nothing else', () => {
    const runs = [expect.stringMatching(/^arn:aws:states:us-east-1:000000000000:execution:.*-training:\*$/)];
    expect(allowed(template, 'MachineRole')).toEqual([
      { actions: ['states:StartExecution'], resources: [expect.stringMatching(/^<Orchestratortraining.*>$/)], condition: undefined },
      { actions: ['states:DescribeExecution'], resources: runs, condition: undefined },
      { actions: ['states:StopExecution'], resources: runs, condition: undefined },
    ]);
  });

  test('refuses a pipeline that it does not know', () => {
    expect(() => orchestrator.run(stack, 'Typo', { pipeline: 'trianing' })).toThrow(new Error("'pipeline' must be one of this orchestrator's (training), got 'trianing'"));
    expect(() => new StepFunctionsOrchestrator(stack, 'Empty').run(stack, 'None', { pipeline: 'training' }))
      .toThrow(new Error("'pipeline' must be one of this orchestrator's (it has none), got 'training'"));
  });
});

describe('a pipeline that exists', () => {
  const stack = new Stack(new App(), 'test');
  const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
  orchestrator.importPipeline('theirs', sfn.StateMachine.fromStateMachineArn(stack, 'Theirs', 'arn:aws:states:eu-west-1:000000000001:stateMachine:nightly'));
  const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const binding = orchestrator.bind(client);
  const template = machine(stack, orchestrator.run(stack, 'Run', { pipeline: 'theirs' }));
  const executions = 'arn:aws:states:eu-west-1:000000000001:execution:nightly:*';

  test('is run where it lives', async () => {
    const { output } = await execute(definition(template, 'Machine'), (_name, { ExecutionArn }) => ({ ExecutionArn, Status: 'SUCCEEDED', Output: '{}' }), { runId: 'r 7' });

    expect(output.run).toMatch(/^arn:aws:states:eu-west-1:000000000001:execution:nightly:run-r-7-[0-9a-f]{12}$/);
    expect(resourcesOf(template, 'MachineRole', 'states:DescribeExecution')).toEqual([executions]);
  });

  test('binds by its ARN, with the right to run it', () => {
    expect(binding).toEqual({ provider: 'step-functions', address: expect.any(String), variables: { MLOPS_PIPELINE_THEIRS: 'arn:aws:states:eu-west-1:000000000001:stateMachine:nightly' } });
    expect(allowed(template, 'Client')).toEqual([
      { actions: ['states:StartExecution', 'states:ListExecutions'], resources: ['arn:aws:states:eu-west-1:000000000001:stateMachine:nightly'], condition: undefined },
      { actions: ['states:DescribeExecution', 'states:StopExecution', 'states:GetExecutionHistory'], resources: [executions], condition: undefined },
    ]);
  });
});

describe('events and looks', () => {
  const stack = new Stack(new App(), 'test');
  const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
  const queue = new targets.SqsQueue(new sqs.Queue(stack, 'Queue'));
  orchestrator.onRunChanged('Bad', { target: queue });
  orchestrator.onRunChanged('Good', { target: queue, statuses: [RunStatus.SUCCEEDED] });
  const inspect = orchestrator.inspect(stack, 'Inspect', { run: '{% $states.context.Execution.Input.run %}' });
  // Added after the rules and the step, which must know it all the same.
  orchestrator.addPipeline('training', { definition: new sfn.Pass(stack, 'Work') });
  const template = machine(stack, inspect);

  test('tell of the runs of its own pipelines that end without success, with the payload of the contract', () => {
    const { EventPattern, Targets: [target] } = resource(template, 'AWS::Events::Rule', 'Bad').Properties;

    expect(EventPattern).toEqual({
      'source': ['aws.states'], 'detail-type': ['Step Functions Execution Status Change'],
      'detail': { stateMachineArn: [expect.stringMatching(/^<Orchestratortraining.*>$/)], status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
    });
    expect(target.InputTransformer.InputTemplate).toBe('{"run":<detail-executionArn>,"pipeline":<detail-stateMachineArn>,"status":<detail-status>,"at":<time>}');
    expect(resource(template, 'AWS::Events::Rule', 'Good').Properties.EventPattern.detail.status).toEqual(['SUCCEEDED']);
  });

  test('look a run up; what it has not is empty', async () => {
    const look = async (more: object) => (await execute(definition(template, 'Machine'), (_name, { ExecutionArn }) => ({ ExecutionArn, Name: 'n', Status: 'FAILED', ...more }), { run: 'arn:x' })).output;

    expect(await look({ Error: 'Mlops.Failed', Cause: 'Train: no' })).toEqual({ run: 'arn:x', name: 'n', status: 'FAILED', error: 'Mlops.Failed', cause: 'Train: no' });
    expect(await look({})).toEqual({ run: 'arn:x', name: 'n', status: 'FAILED', error: '', cause: '' });
    expect(await look({ Error: null, Cause: null })).toEqual({ run: 'arn:x', name: 'n', status: 'FAILED', error: '', cause: '' });
  });

  test('may look at the runs of its own pipelines, and nothing else', () => {
    expect(allowed(template, 'MachineRole')).toEqual([{ actions: ['states:DescribeExecution'], resources: [expect.stringMatching(/:execution:.*-training:\*$/)], condition: undefined }]);
  });

  // Without a pipeline the pattern would match every state machine of the account, the one that alerts included.
  test('watch nothing when there is no pipeline', () => {
    const empty = new Stack(new App(), 'empty');
    new StepFunctionsOrchestrator(empty, 'Orchestrator').onRunChanged('Bad', { target: new targets.SqsQueue(new sqs.Queue(empty, 'Queue')) });

    expect(() => Template.fromStack(empty)).toThrow("'empty/Orchestrator' must have a pipeline when its runs are watched, got none: call addPipeline or importPipeline");
  });
});

describe('names', () => {
  const stack = new Stack(new App(), 'test');
  const orchestrator = new StepFunctionsOrchestrator(stack, 'Orchestrator');
  const pass = (id: string) => ({ definition: new sfn.Pass(stack, id) });
  orchestrator.addPipeline('training', pass('One'));

  test.each([
    ['a b', "'name' must be a letter and then at most 39 letters, digits, _ or -, got 'a b'"],
    ['x'.repeat(41), `'name' must be a letter and then at most 39 letters, digits, _ or -, got '${'x'.repeat(41)}'`],
    ['training', "'name' must be a new one, got 'training', which 'test/Orchestrator' holds already"],
    ['Log', "'name' must be a new one, got 'Log', which 'test/Orchestrator' holds already"],
  ])('%s is refused', (name, message) => {
    expect(() => orchestrator.addPipeline(name, pass(`Pass ${name}`))).toThrow(new Error(message));
  });

  test('of machines are at most 80 characters long', () => {
    const deep = new Stack(new App(), 'a-stack-with-quite-a-long-name-of-its-own');
    const machine = new StepFunctionsOrchestrator(deep, 'AnOrchestratorWithALongNameToo').addPipeline('p'.repeat(40), { definition: new sfn.Pass(deep, 'Work') });

    expect(deep.resolve((machine.node.defaultChild as sfn.CfnStateMachine).stateMachineName).length).toBeLessThanOrEqual(80);
  });
});
