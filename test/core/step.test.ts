import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Call, Step, StepProps } from '../../constructs/core';
import { allow } from '../../constructs/core/grants';
import { CONTEXT, evaluate } from '../support/jsonata';
import { error, execute, Integration } from '../support/machine';
import { allowed, definition, states } from '../support/template';

jest.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z'), doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'setTimeout', 'clearTimeout', 'performance', 'hrtime'] });

/** A call to a job service that does not exist. */
function call(name: string, more: Partial<Call> = {}): Call {
  return { name, resource: `aws-sdk:jobs:${name}`, arguments: { Name: Step.KEY }, policies: [allow([`jobs:${name}`], [`arn:aws:jobs:::${name}`])], ...more };
}

/** A template of one machine with the step `Work`, then whatever `after` says. */
function template(props: StepProps, after?: (step: Step, stack: Stack) => void): Template {
  const stack = new Stack(new App(), 'test');
  const step = new Step(stack, 'Work', props);
  after?.(step, stack);
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });
  return Template.fromStack(stack);
}

const asl = (props: StepProps, after?: (step: Step, stack: Stack) => void) => definition(template(props, after));
const POLLED = call('look', {
  until: "{% $look.Status = 'Done' %}", failed: "{% $look.Status = 'Broken' %}", cause: "{% 'it is ' & $look.Status %}", log: "{% '/jobs/' & $key %}",
});

describe('a step', () => {
  test('with one call calls it and yields the result', async () => {
    const machine = asl({ calls: [call('start1')], result: { id: '{% $start1.Id %}', fixed: 'yes' } });

    const { output, calls } = await execute(machine, () => ({ Id: 7 }));

    expect(output).toEqual({ id: 7, fixed: 'yes' });
    expect(calls).toEqual(['Work: start1']);
  });

  test('without calls yields its result', async () => {
    expect((await execute(asl({ calls: [], result: { fixed: 1 } }), () => ({}))).output).toEqual({ fixed: 1 });
  });

  test('assigns its result to the variable of its name', () => {
    const step = asl({ calls: [call('a')], result: { id: '{% $a.Id %}' } }).States.Work;

    expect(step).toMatchObject({ Type: 'Parallel', Assign: { Work: '{% $states.result[0] %}' }, Output: '{% $states.result[0] %}' });
  });

  test('hands what a call needs to the role of its machine, and nothing else', () => {
    const made = template({ calls: [call('a'), call('b')], result: {} });

    expect(allowed(made, 'MachineRole')).toEqual([
      { actions: ['jobs:a'], resources: ['arn:aws:jobs:::a'], condition: undefined }, { actions: ['jobs:b'], resources: ['arn:aws:jobs:::b'], condition: undefined },
    ]);
  });

  test('names its integration in the partition of the deployment', () => {
    expect(states(asl({ calls: [call('a')], result: {} }))['Work: a'].Resource).toBe('arn:aws:states:::aws-sdk:jobs:a');
  });

  test('works its variables out once, for the calls', async () => {
    const machine = asl({ variables: { name: "{% 'v-' & $states.context.Execution.Name %}" }, calls: [call('a', { arguments: { Name: '{% $name %}' } })], result: {} });
    let seen;

    await execute(machine, (_name, request) => { seen = request; return {}; });

    expect(seen).toEqual({ Name: 'v-run-1' });
  });

  test('takes from an answer what a call says, and fails typed when it is not there', async () => {
    const machine = asl({ calls: [call('a', { value: '{% $parse($states.result.Body).rows %}' })], result: { rows: '{% $a %}' } });

    expect((await execute(machine, () => ({ Body: '{"rows": [1]}' }))).output).toEqual({ rows: [1] });
    expect((await execute(machine, () => ({ Body: '{}' }))).error).toEqual({ Error: 'Mlops.Failed', Cause: expect.stringContaining('Work: States.QueryEvaluationError: ') });
  });

  test('leaves a call out when its condition does not hold', async () => {
    const machine = asl({
      calls: [call('first'), call('second', { when: '{% $first.more %}' })], result: { second: '{% $second = null ? "none" : $second.Id %}' },
    });

    expect(await execute(machine, name => name === 'Work: first' ? { more: false } : { Id: 2 })).toMatchObject({ output: { second: 'none' }, calls: ['Work: first'] });
    expect(await execute(machine, name => name === 'Work: first' ? { more: true } : { Id: 2 })).toMatchObject({ output: { second: 2 }, calls: ['Work: first', 'Work: second'] });
  });
});

describe('polling', () => {
  const machine = asl({ calls: [POLLED], result: { status: '{% $look.Status %}' }, interval: Duration.seconds(30), timeout: Duration.hours(1) });

  test('goes on until the work is over', async () => {
    const answers = ['Runs', 'Runs', 'Done'];

    const { output, calls, trace } = await execute(machine, () => ({ Status: answers.shift() }));

    expect(output).toEqual({ status: 'Done' });
    expect(calls).toHaveLength(3);
    expect(trace.filter(name => name === 'Work: look wait')).toHaveLength(2);
  });

  test('fails, with the cause and the log, when the work has failed', async () => {
    const { error: failure } = await execute(machine, () => ({ Status: 'Broken' }));

    expect(failure).toEqual({ Error: 'Mlops.Failed', Cause: expect.stringMatching(/^Work: it is Broken \(log: \/jobs\/work-run-1-[0-9a-f]{12}\)$/) });
  });

  test('has one deadline', async () => {
    const begun = Date.now();

    const { error: failure } = await execute(machine, () => ({ Status: 'Runs' }));

    expect(failure).toEqual({ Error: 'Mlops.Timeout', Cause: expect.stringContaining('Work: no end after 3600 s (log: /jobs/work-') });
    expect(Date.now() - begun).toBeGreaterThan(3600_000);
    expect(Date.now() - begun).toBeLessThan(3600_000 + 60_000);
  });

  describe('asks, past the deadline, for the end of work that can be ended', () => {
    const ending = asl({
      calls: [call('begin'), { ...POLLED, cancel: call('end', { arguments: { Job: '{% $begin.Id %}' } }) }], result: {}, timeout: Duration.minutes(10),
    });
    const answer = (ended: (request: any) => unknown, look: () => unknown = () => ({ Status: 'Runs' })): Integration => (name, request) =>
      name === 'Work: end' ? ended(request) : name === 'Work: look' ? look() : { Id: 7 };

    test('once, and fails all the same', async () => {
      const asked: any[] = [];

      const { error: failure } = await execute(ending, answer(request => asked.push(request)));

      expect(asked).toEqual([{ Job: 7 }]);
      expect(failure).toEqual({ Error: 'Mlops.Timeout', Cause: expect.stringContaining('Work: no end after 600 s (log: /jobs/work-') });
    });

    test('whatever is answered', async () => {
      const { error: failure } = await execute(ending, answer(() => { throw error('Jobs.Gone', 'no such job'); }));

      expect(failure).toMatchObject({ Error: 'Mlops.Timeout' });
    });

    test('also when the last look failed, and not when an earlier one did', async () => {
      const fail = () => { throw error('States.Timeout'); };
      const late = await execute(ending, answer(() => ({}), () => { jest.advanceTimersByTime(601_000); return fail(); }));
      const early = await execute(ending, answer(() => ({}), fail));

      expect(late).toMatchObject({ error: { Error: 'Mlops.Timeout' }, calls: ['Work: begin', 'Work: look', 'Work: end'] });
      expect(early).toMatchObject({ error: { Error: 'Mlops.Timeout' }, calls: ['Work: begin', 'Work: look'] });
    });

    test('with what its role needs for it, in little time', () => {
      expect(states(ending)['Work: end'].TimeoutSeconds).toBe(15);
      expect(allowed(template({ calls: [{ ...POLLED, cancel: call('end') }], result: {} }), 'Machine').flatMap(({ actions }) => actions)).toEqual(['jobs:look', 'jobs:end']);
      expect(() => asl({ calls: [{ ...POLLED, cancel: call('fail') }], result: {} })).toThrow(/^'name' of a call must be .*, got 'fail'$/);
    });
  });

  test('waits a second at first and the interval at most', async () => {
    const { Seconds } = states(machine)['Work: look wait'];
    const at = (second: number) => evaluate(Seconds, { deadline: Date.now() + 3600_000 - second * 1000 });

    expect(await Promise.all([0, 9, 10, 100, 290, 3000].map(at))).toEqual([1, 1, 2, 11, 30, 30]);
  });

  test('starts each repeat from an earlier call when it says so', async () => {
    const repeated = asl({ calls: [call('a'), call('b', { until: '{% $b.done %}', repeatFrom: 'a' })], result: {} });
    let rounds = 0;

    expect((await execute(repeated, name => name === 'Work: b' ? { done: ++rounds === 2 } : {})).calls).toEqual(['Work: a', 'Work: b', 'Work: a', 'Work: b']);
  });

  test('takes a call that fails by its condition alone, with its whole result as the cause and the execution as the log', async () => {
    const { error: failure } = await execute(asl({ calls: [call('a', { failed: '{% $a.bad %}' })], result: {} }), () => ({ bad: true }));

    expect(failure).toEqual({ Error: 'Mlops.Failed', Cause: `Work: {"bad":true} (log: ${CONTEXT.Execution.Id})` });
  });
});

describe('errors', () => {
  const plain = asl({ calls: [call('a')], result: {} });
  const failing = (name: string, cause?: string): Integration => () => { throw error(name, cause); };

  test.each([
    ['States.Http.StatusCode.401', 'no', 'Mlops.Unauthorized'],
    ['States.Http.StatusCode.403', 'no', 'Mlops.Unauthorized'],
    ['States.Permissions', 'no', 'Mlops.Unauthorized'],
    ['Sfn.AccessDeniedException', 'no', 'Mlops.Unauthorized'],
    ['SageMaker.SageMakerException', 'User: x is not authorized to perform: sagemaker:CreateModel', 'Mlops.Unauthorized'],
    ['States.Http.StatusCode.429', 'slow down', 'Mlops.Throttled'],
    ['SageMaker.ThrottlingException', 'no', 'Mlops.Throttled'],
    ['SageMaker.ResourceLimitExceededException', 'no', 'Mlops.Throttled'],
    ['SageMaker.SageMakerException', 'Rate exceeded', 'Mlops.Throttled'],
    ['S3.S3Exception', 'Access Denied (Service: S3, Status Code: 403)', 'Mlops.Unauthorized'],
    ['S3.S3Exception', 'Please reduce your request rate. (Service: S3, Status Code: 503)', 'Mlops.Throttled'],
    ['DynamoDB.ProvisionedThroughputExceededException', 'x', 'Mlops.Throttled'],
    ['States.Http.StatusCode.407', 'x', 'Mlops.Unauthorized'],
    ['Events.ConnectionResource.InvalidConnectionState', 'The connection is DEAUTHORIZED', 'Mlops.Unauthorized'],
    ['States.Timeout', undefined, 'Mlops.Timeout'],
    ['States.HeartbeatTimeout', 'no', 'Mlops.Timeout'],
    ['States.Http.StatusCode.400', 'no', 'Mlops.Failed'],
    ['States.Http.StatusCode.404', 'no', 'Mlops.Failed'],
    ['SageMaker.ValidationException', 'bad name', 'Mlops.Failed'],
    ['Mlops.Timeout', 'inner', 'Mlops.Timeout'],
  ])('%s (%s) is %s', async (name, cause, expected) => {
    const { error: failure } = await execute(plain, failing(name, cause));

    expect(failure).toEqual({ Error: expected, Cause: `Work: ${name}: ${cause ?? ''} (log: ${CONTEXT.Execution.Id})` });
  });

  test('of the work itself are no missing permission of the pipeline', async () => {
    const machine = asl({ calls: [call('a', { failed: '{% $a.bad %}', cause: '{% $a.why %}' })], result: {} });

    expect((await execute(machine, () => ({ bad: true, why: 'AccessDenied to s3://other' }))).error?.Error).toBe('Mlops.Failed');
  });

  test('that pass by themselves are retried, by service', async () => {
    const retries = (resource: string, more: Partial<Call> = {}) => states(asl({ calls: [call('a', { resource, ...more })], result: {} }))['Work: a'].Retry?.[0].ErrorEquals;

    expect(retries('http:invoke')).toContain('States.Http.StatusCode.429');
    expect(retries('http:invoke', { accept: ['States.Http.StatusCode.429'] })).not.toContain('States.Http.StatusCode.429');
    expect(retries('sagemaker:createTrainingJob.sync')).toEqual(['SageMaker.SageMakerException', 'SageMaker.AmazonSageMakerException', 'SageMaker.ThrottlingException']);
    expect(retries('aws-sdk:sagemaker:describeModelPackage')).toEqual(retries('sagemaker:createTrainingJob.sync'));
    expect(retries('aws-sdk:s3:getObject')).toEqual(['S3.S3Exception', 'S3.SdkClientException']);
    expect(retries('aws-sdk:jobs:a')).toBeUndefined();
    const { calls } = await execute(asl({ calls: [call('a', { resource: 'http:invoke' })], result: {} }), failing('States.Http.StatusCode.503'));
    expect(calls).toHaveLength(4);
  });

  test('that a call accepts lead on, with the error as its result', async () => {
    const machine = asl({ calls: [call('a', { accept: ['Jobs.Conflict'] }), call('b')], result: { was: '{% $a.Error %}' } });

    expect(await execute(machine, name => { if (name === 'Work: a') throw error('Jobs.Conflict', 'is there'); return {}; }))
      .toMatchObject({ output: { was: 'Jobs.Conflict' }, calls: ['Work: a', 'Work: b'] });
    expect((await execute(machine, failing('Jobs.Other', 'else'))).error).toEqual({ Error: 'Mlops.Failed', Cause: `Work: Jobs.Other: else (log: ${CONTEXT.Execution.Id})` });
  });

  test.each([
    ['Jobs.General', 'x already exists', undefined],
    ['Jobs.General', 'not authorized', 'Mlops.Unauthorized'],
    ['Jobs.General', undefined, 'Mlops.Failed'],
  ])('%s (%s) is accepted only with the right cause', async (name, cause, expected) => {
    const machine = asl({ calls: [call('a', { accept: ['Jobs.General'], acceptCause: 'already exists' })], result: {} });

    expect((await execute(machine, failing(name, cause))).error?.Error).toBe(expected);
  });

  test('go to the handler of a catch', async () => {
    const machine = asl({ calls: [call('a')], result: {} }, (step, stack) => step.addCatch(new sfn.Pass(stack, 'Handler', { outputs: { handled: '{% $states.input.Error %}' } })));

    expect((await execute(machine, failing('States.Permissions', 'no'))).output).toEqual({ handled: 'Mlops.Unauthorized' });
  });

  test('are retried when the step is', async () => {
    const machine = asl({ calls: [call('a')], result: { ok: true } }, step => step.addRetry({ errors: ['Mlops.Throttled'], maxAttempts: 1 }));
    let attempts = 0;

    const { output } = await execute(machine, () => { if (++attempts === 1) throw error('Jobs.ThrottlingException', 'x'); return {}; });

    expect(output).toEqual({ ok: true });
  });
});

describe('the key of the work', () => {
  const key = (id: string, input: object = {}, machine = 'arn:machine', name = 'run-1') => {
    const stack = new Stack(new App(), 'test');
    const step = new Step(stack, id, { calls: [call('a')], result: {} });
    new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });
    const start = states(definition(Template.fromStack(stack)))[`${id}: start`];
    return evaluate(start.Assign.key, { states: { context: { ...CONTEXT, Execution: { ...CONTEXT.Execution, Name: name, Input: input }, StateMachine: { Id: machine } } } });
  };

  test('is the same for every execution of a run', async () => {
    expect(await key('Train', { runId: 'Nightly 7' }, 'arn:machine', 'first')).toBe(await key('Train', { runId: 'Nightly 7' }, 'arn:machine', 'second'));
    expect(await key('Train', { runId: 'Nightly 7' })).toMatch(/^train-nightly-7-[0-9a-f]{12}$/);
  });

  test('differs by run, step and machine', async () => {
    const keys = await Promise.all([key('Train'), key('Train', { runId: 'b' }), key('Tune'), key('Train', {}, 'arn:other'), key('Train', {}, 'arn:machine', 'run-2'), key('Train_the_model_of_one'), key('Train_the_model_of_two')]);

    expect(new Set(keys).size).toBe(7);
  });

  test('is a name that SageMaker takes, however long or odd the ids are', async () => {
    const keys = await Promise.all([
      key('A_step_with_a_very_long_name_indeed', { runId: 'ÄÖ/%$#@!'.repeat(30) }), key('T', { runId: 7 }), key('T', { runId: '---' }), key('T', { runId: '' }),
    ]);

    keys.forEach(one => expect(one).toMatch(/^(?=.{1,63}$)[a-z0-9](-*[a-z0-9]){0,62}$/));
    expect(keys[0].startsWith(Step.keyPrefix('A_step_with_a_very_long_name_indeed'))).toBe(true);
    expect(Step.keyPrefix('A_step_with_a_very_long_name_indeed')).toBe('a-step-with-a-very-');
  });

  test('has a token of 32 digits', async () => {
    expect(await evaluate(Step.TOKEN, { key: 'train-x' })).toMatch(/^[0-9a-f]{32}$/);
  });

  test('is made of the run id, which is the name of the execution unless the input names one', async () => {
    const run = (input: object) => evaluate(Step.RUN_ID, { states: { context: { Execution: { Name: 'exec', Input: input } } } });

    expect(await Promise.all([run({}), run({ runId: 'mine' }), run({ runId: 7 })])).toEqual(['exec', 'mine', '7']);
  });
});

describe('refusals', () => {
  const stack = new Stack(new App(), 'test');

  test.each(['train', 'Train-it', '1st', 'Über'])("an id '%s'", id => {
    expect(() => new Step(stack, id, { calls: [], result: {} }))
      .toThrow(new Error(`'id' names the variable that holds the result and must be a capital letter and then at most 62 letters, digits or _, got '${id}'`));
  });

  test.each(['Job', 'key', 'fail', 'a-b'])("a call '%s'", name => {
    expect(() => new Step(stack, `X${name.replace('-', '')}`, { calls: [{ ...call('a'), name }], result: {} }))
      .toThrow(new Error(`'name' of a call must be a lower-case letter and then at most 62 letters, digits or _, and none of start, done, fail, deadline, key, failure, got '${name}'`));
  });

  test('a result that the step does not have', () => {
    const step = new Step(stack, 'Train', { calls: [], result: { jobName: '', metrics: {} } });

    expect(step.result('jobName')).toBe('{% $Train.jobName %}');
    expect(step.result('metrics.accuracy')).toBe('{% $Train.metrics.accuracy %}');
    expect(step.result('metrics.roc-auc')).toBe('{% $Train.metrics.`roc-auc` %}');
    expect(() => step.result('modelUri')).toThrow(new Error("'path' must start with a result of 'Train' (jobName, metrics) and hold no backtick, got 'modelUri'"));
  });

  test('a step that no machine holds', () => {
    const alone = new Stack(new App(), 'alone');
    new Step(alone, 'Train', { calls: [], result: {} });

    expect(() => Template.fromStack(alone)).toThrow("[alone/Train] 'alone/Train' is a step of no state machine: chain it into a definition");
  });
});
