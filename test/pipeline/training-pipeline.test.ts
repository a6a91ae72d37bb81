import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { Approval, QualityGate, Step, TrainingPipeline, TrainingPipelineProps } from '../../lib';
import { error, execute, Integration } from '../support/machine';
import { definition, states } from '../support/template';
import { parts } from './fixture';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

const VERSION = 'arn:aws:sagemaker:us-east-1:000000000000:model-package/fraud/1';

function pipeline(more: Partial<TrainingPipelineProps> = {}): any {
  const { stack, props: { trainer, registry, alerter, training } } = parts();
  const fragment = new TrainingPipeline(stack, 'Training', { trainer, registry, alerter, training, ...more });
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(fragment), queryLanguage: sfn.QueryLanguage.JSONATA });
  return definition(Template.fromStack(stack), 'Machine');
}

/** Runs a pipeline whose job reports `metrics`; `tasks` answer in place of AWS. */
async function run(asl: any, metrics: { [name: string]: number }, tasks: { [call: string]: (request: any) => any } = {}) {
  const requests: { [call: string]: any } = {};
  const answers: { [call: string]: (request: any) => any } = {
    'Train: job': () => ({}),
    'Train: described': ({ TrainingJobName }) => ({
      TrainingJobName, TrainingJobStatus: 'Completed', ModelArtifacts: { S3ModelArtifacts: 's3://models/model.tar.gz' },
      FinalMetricDataList: Object.entries(metrics).map(([MetricName, Value]) => ({ MetricName, Value, Timestamp: 't' })),
    }),
    'Register: package': () => ({ ModelPackageArn: VERSION }),
    'Register: described': () => ({ ModelPackageArn: VERSION, ModelPackageStatus: 'Completed', ModelApprovalStatus: 'PendingManualApproval' }),
    'Approve: updated': () => ({ ModelPackageArn: VERSION }),
    'Ask: sent': () => ({ MessageId: 'm' }),
    ...tasks,
  };
  const integration: Integration = (name, request) => {
    requests[name] = request;
    return answers[name](request);
  };
  return { execution: await execute(asl, integration, {}), requests };
}

const gated = pipeline({ gate: { metric: 'accuracy', minimum: 0.9 } });

describe('with a gate', () => {
  test('a good model is registered and waits for a person, who is told', async () => {
    const { execution, requests } = await run(gated, { accuracy: 0.95, f1: 0.9 });

    expect(execution.calls).toEqual(['Train: job', 'Train: described', 'Register: package', 'Register: described', 'Ask: sent']);
    expect(execution.output).toEqual({
      runId: 'run-1', jobName: expect.stringMatching(/^train-run-1-/), modelUri: 's3://models/model.tar.gz', metrics: { accuracy: 0.95, f1: 0.9 }, version: VERSION, status: 'PendingManualApproval',
    });
    expect(requests['Ask: sent']).toMatchObject({
      Subject: 'A model version waits for approval', Message: `Version ${VERSION} of run run-1 waits for approval. Metrics: {"accuracy":0.95,"f1":0.9}`,
    });
  });

  test('the least that it may be is enough', async () => {
    expect((await run(gated, { accuracy: 0.9 })).execution.error).toBeUndefined();
  });

  test.each<[QualityGate, { [name: string]: number }, string]>([
    [{ metric: 'accuracy', minimum: 0.9 }, { accuracy: 0.8999 }, 'accuracy is 0.8999, must be at least 0.9'],
    [{ metric: 'loss', maximum: 0.2 }, { loss: 0.3 }, 'loss is 0.3, must be at most 0.2'],
    [{ metric: 'ratio', minimum: 1, maximum: 2 }, { ratio: 3 }, 'ratio is 3, must be at least 1 and at most 2'],
    [{ metric: 'ratio', minimum: 1, maximum: 2 }, { ratio: 0 }, 'ratio is 0, must be at least 1 and at most 2'],
    [{ metric: 'loss', maximum: 0.2 }, { accuracy: 1 }, 'loss is not among the metrics that the run reported: write it to metrics.json'],
    [{ metric: 'loss', maximum: 0.2 }, {}, 'loss is not among the metrics that the run reported: write it to metrics.json'],
  ])('%j refuses %j and registers nothing', async (gate, metrics, words) => {
    const { execution } = await run(pipeline({ gate }), metrics);

    expect(execution.error).toEqual({ Error: 'Mlops.Failed', Cause: `Gate: ${words} (log: arn:aws:states:us-east-1:000000000000:execution:loop:run-1)` });
    expect(execution.calls).toEqual(['Train: job', 'Train: described']);
  });

  test("the gate's metric is read from the job's log beside the others", () => {
    expect(states(gated)['Train: job'].Arguments.AlgorithmSpecification.MetricDefinitions.map(({ Name }: any) => Name)).toEqual(['f1', 'accuracy']);
  });

  test('a metric with a quote in its name stays a name', async () => {
    // Another trainer may report whatever it likes.
    const result = { jobName: 'job', modelUri: 's3://models/model.tar.gz', image: 'image', metrics: { "it's": 1 } };
    const trainer: any = { train: (scope: Construct, id: string) => new Step(scope, id, { calls: [], result }) };

    expect((await run(pipeline({ trainer, gate: { metric: "it's", minimum: 1 } }), {})).execution.output.metrics).toEqual({ "it's": 1 });
  });
});

test('without a gate every model is registered', async () => {
  expect((await run(pipeline(), {})).execution.output).toMatchObject({ metrics: {}, version: VERSION });
});

test('what passes the gate is approved, where approval is automatic, and nobody is asked', async () => {
  const { execution, requests } = await run(pipeline({ approval: Approval.AUTOMATIC }), { f1: 1 });

  expect(requests['Approve: updated']).toEqual({ ModelPackageArn: VERSION, ModelApprovalStatus: 'Approved', ApprovalDescription: 'passed the gate' });
  expect(execution.calls).not.toContain('Ask: sent');
  expect(execution.output.status).toBe('Approved');
});

test('that nobody could be told is no reason to fail', async () => {
  const { execution } = await run(gated, { accuracy: 1 }, { 'Ask: sent': () => { throw error('SNS.NotFoundException', 'no topic'); } });

  expect(execution.output.version).toBe(VERSION);
});

test('without an alerter nobody is told', async () => {
  expect((await run(pipeline({ alerter: undefined }), {})).execution.calls.at(-1)).toBe('Register: described');
});

test('a failing script fails the run, with the step, the reason and where the log is', async () => {
  const { execution } = await run(gated, {}, {
    'Train: job': () => { throw error('States.TaskFailed', '{"TrainingJobStatus":"Failed"}'); },
    'Train: described': ({ TrainingJobName }) => ({ TrainingJobName, TrainingJobStatus: 'Failed', FailureReason: 'AlgorithmError: ValueError: no rows' }),
  });

  expect(execution.error?.Error).toBe('Mlops.Failed');
  expect(execution.error?.Cause).toMatch(/^Train: training job train-run-1-\w+ is Failed: AlgorithmError: ValueError: no rows \(log: \/aws\/sagemaker\/TrainingJobs train-run-1-/);
});

describe('bad gates', () => {
  test.each<[QualityGate, string]>([
    [{ metric: 'f1' }, "'gate' must have a 'minimum' or a 'maximum' for 'f1', got neither"],
    [{ metric: 'f1', minimum: NaN }, "'gate.minimum' must be a number, got NaN"],
    [{ metric: 'f1', maximum: '1' as any }, "'gate.maximum' must be a number, got '1'"],
    [{ metric: 'f1', minimum: 0.9, maximum: 0.5 }, "'gate.minimum' must be at most 'gate.maximum', got 0.9 and 0.5: no model would pass"],
  ])('%j', (gate, message) => {
    expect(() => pipeline({ gate })).toThrow(new Error(message));
  });
});
