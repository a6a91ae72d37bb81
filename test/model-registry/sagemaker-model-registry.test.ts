import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Step } from '../../constructs/core';
import { IModelRegistry, ModelStatus, SageMakerModelRegistry } from '../../constructs/model-registry';
import { CONTEXT, evaluate } from '../support/jsonata';
import { error, execute } from '../support/machine';
import { allowed, definition, render, resource, states } from '../support/template';

const ARN = 'arn:aws:sagemaker:us-east-1:000000000000:model-package/churn/1';
const GROUP = 'arn:aws:sagemaker:us-east-1:000000000000:model-package-group/churn';
const VERSIONS = 'arn:aws:sagemaker:us-east-1:000000000000:model-package/churn/*';

/** The template of one machine that is the step that `verb` makes. */
function template(verb: (registry: IModelRegistry, stack: Stack) => Step, group = 'churn'): Template {
  const stack = new Stack(new App(), 'test');
  const step = verb(SageMakerModelRegistry.fromGroupName(stack, 'Registry', group), stack);
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });
  return Template.fromStack(stack);
}

const held = (made: Template, id = 'Machine') => allowed(made, id).map(({ actions, resources }) => `${actions.join(' ')} ${resources.join(' ')}`);

describe('minimal', () => {
  const stack = new Stack(new App(), 'test');
  const registry = new SageMakerModelRegistry(stack, 'Registry');
  const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const binding = registry.bind(client);
  const made = Template.fromStack(stack);

  test('a group that is retained, under a name that does not block the next', () => {
    const [[id, group]] = Object.entries(made.findResources('AWS::SageMaker::ModelPackageGroup'));

    expect(id).toBe('Registry4DB9CCA5');
    expect([group.DeletionPolicy, group.UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    expect(Object.keys(group.Properties)).toEqual(['ModelPackageGroupName']);
    expect(group.Properties.ModelPackageGroupName['Fn::Join'][1][0]).toBe('test-registry-c6d06ffc-');
    expect(JSON.stringify(group.Properties.ModelPackageGroupName)).toContain('AWS::StackId');
  });

  test('a client works with its versions', () => {
    const name = stack.resolve(registry.groupName);

    expect(stack.resolve(binding)).toEqual({ provider: 'sagemaker', address: name, variables: { MLOPS_MODEL_REGISTRY: name } });
    expect(allowed(made, 'Client').map(({ actions }) => actions)).toEqual([
      ['sagemaker:DescribeModelPackageGroup', 'sagemaker:CreateModelPackage'],
      ['sagemaker:CreateModelPackage', 'sagemaker:DescribeModelPackage', 'sagemaker:UpdateModelPackage'],
      ['sagemaker:ListModelPackages'],
    ]);
    expect(allowed(made, 'Client')[2].resources).toEqual(['*']);
  });
});

test('maximal', () => {
  const stack = new Stack(new App({ context: { 'cdk-mlops:allowDestroy': true } }), 'test');
  new SageMakerModelRegistry(stack, 'Registry', { description: 'Churn', removalPolicy: RemovalPolicy.DESTROY });

  expect(resource(Template.fromStack(stack), 'AWS::SageMaker::ModelPackageGroup')).toMatchObject({ Properties: { ModelPackageGroupDescription: 'Churn' }, DeletionPolicy: 'Delete' });
});

test('deleting takes two keys', () => {
  expect(() => new SageMakerModelRegistry(new Stack(new App(), 'test'), 'Registry', { removalPolicy: RemovalPolicy.DESTROY })).toThrow(new Error(
    "'removalPolicy' must be RETAIN unless the context 'cdk-mlops:allowDestroy' is true, got DESTROY for 'test/Registry': data would be deleted with the stack",
  ));
});

describe('import', () => {
  test('makes no resource', () => {
    const stack = new Stack(new App(), 'test');
    const registry = SageMakerModelRegistry.fromGroupName(stack, 'Registry', 'churn');

    expect(registry.bind(new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') })).address).toBe('churn');
    Template.fromStack(stack).resourceCountIs('AWS::SageMaker::ModelPackageGroup', 0);
    expect(held(Template.fromStack(stack), 'Client')).toEqual([
      `sagemaker:DescribeModelPackageGroup sagemaker:CreateModelPackage ${GROUP}`,
      `sagemaker:CreateModelPackage sagemaker:DescribeModelPackage sagemaker:UpdateModelPackage ${VERSIONS}`,
      'sagemaker:ListModelPackages *',
    ]);
  });

  test('allows a group with capitals by its ARN, which is lower case', () => {
    expect(held(template((registry, stack) => registry.resolve(stack, 'Resolve', { version: ARN }), 'Churn'))).toEqual([`sagemaker:DescribeModelPackage ${VERSIONS}`]);
  });

  test.each(['churn_1', '-churn', '', 'x'.repeat(64)])("a group '%s' is refused", name => {
    expect(() => SageMakerModelRegistry.fromGroupName(new Stack(), 'Registry', name)).toThrow(new Error(`'groupName' must be at most 63 letters, digits and -, got '${name}'`));
  });
});

describe('register', () => {
  const register = (metrics?: string) => template((registry, stack) => registry.register(stack, 'Register', {
    modelUri: '{% $Train.modelUri %}', image: '{% $Train.image %}', metrics, description: 'Nightly',
  }));
  const made = register('{% $Train.metrics %}');
  const call = (variables: object, input: object = {}, from = made) => evaluate(states(definition(from))['Register: package'].Arguments, {
    key: 'register-run-1', states: { context: { ...CONTEXT, Execution: { ...CONTEXT.Execution, Input: input } } }, ...variables,
  });
  const Train = { modelUri: 's3://acme/model.tar.gz', image: 'acme/image', metrics: { accuracy: 0.97, f1: 0.9 } };

  test('creates a version that waits for a decision, keyed by the run', async () => {
    expect(await call({ Train })).toEqual({
      ClientToken: expect.stringMatching(/^[0-9a-f]{32}$/),
      ModelPackageGroupName: 'churn',
      ModelPackageDescription: 'Nightly',
      ModelApprovalStatus: 'PendingManualApproval',
      InferenceSpecification: {
        Containers: [{ Image: 'acme/image', ModelDataUrl: 's3://acme/model.tar.gz' }],
        SupportedContentTypes: ['text/csv', 'application/json'], SupportedResponseMIMETypes: ['text/csv', 'application/json'],
      },
      CustomerMetadataProperties: { runId: 'run-1', accuracy: '0.97', f1: '0.9' },
    });
  });

  test.each([
    [{}, { runId: 'run-1' }],
    [{ accuracy: 1 }, { runId: 'run-1', accuracy: '1' }],
    [{ 'val:roc-auc': 1e-7 }, { 'runId': 'run-1', 'val:roc-auc': '1e-7' }],
  ])('keeps the metrics %j as metadata', async (metrics, expected) => {
    expect((await call({ Train: { ...Train, metrics } })).CustomerMetadataProperties).toEqual(expected);
  });

  test('needs no metrics', async () => {
    expect((await call({ Train }, {}, register())).CustomerMetadataProperties).toEqual({ runId: 'run-1' });
  });

  test('keeps a run id as far as metadata takes it', async () => {
    const kept = async (runId: any) => (await call({ Train }, { runId })).CustomerMetadataProperties.runId;

    expect(await Promise.all([kept('team/nightly 7@x=1_a.b:c+d-e'), kept("it's #1!"), kept('x'.repeat(300)), kept(7)]))
      .toEqual(['team/nightly 7@x=1_a.b:c+d-e', 'it-s -1-', 'x'.repeat(256), '7']);
  });

  test('waits until the version is complete', async () => {
    const answers = ['InProgress', 'Completed'];
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });

    const { output, calls } = await execute(
      { StartAt: 'Train', States: { Train: { Type: 'Pass', Assign: { Train }, Next: 'Register' }, ...definition(made).States } },
      name => name === 'Register: package' ? { ModelPackageArn: ARN } : { ModelPackageArn: ARN, ModelApprovalStatus: 'PendingManualApproval', ModelPackageStatus: answers.shift() },
    );
    jest.useRealTimers();

    expect(output).toEqual({ version: ARN, status: 'PendingManualApproval' });
    expect(calls).toEqual(['Register: package', 'Register: described', 'Register: described']);
  });

  test('may create and look at versions of its group, no more', () => {
    expect(held(made)).toEqual([`sagemaker:CreateModelPackage ${GROUP} ${VERSIONS}`, `sagemaker:DescribeModelPackage ${VERSIONS}`]);
  });
});

describe('resolve', () => {
  const made = template((registry, stack) => registry.resolve(stack, 'Resolve', { version: '{% $states.context.Execution.Input.version %}' }));
  const described = {
    ModelPackageArn: ARN, ModelPackageStatus: 'Completed', ModelApprovalStatus: 'Approved', CreationTime: '2026-01-01T00:00:00Z',
    InferenceSpecification: { Containers: [{ Image: 'acme/image', ModelDataUrl: 's3://acme/model.tar.gz' }] },
  };
  const resolve = (answer: object) => execute(definition(made), (_name, request) => {
    expect(request).toEqual({ ModelPackageName: ARN });
    return answer;
  }, { version: ARN });

  test('yields where the model is, what serves it, what was decided, and when', async () => {
    expect((await resolve({ ...described, LastModifiedTime: '2026-01-02T00:00:00Z' })).output).toEqual({
      version: ARN, modelUri: 's3://acme/model.tar.gz', image: 'acme/image', status: 'Approved', changedAt: '2026-01-02T00:00:00Z',
    });
    expect((await resolve(described)).output.changedAt).toBe('2026-01-01T00:00:00Z');
  });

  test('fails for a version that has failed', async () => {
    const { error: failure } = await resolve({ ModelPackageArn: ARN, ModelPackageStatus: 'Failed' });

    expect(failure?.Error).toBe('Mlops.Failed');
    expect(failure?.Cause).toContain('"ModelPackageStatus":"Failed"');
  });

  test('is unauthorized for what it may not see', async () => {
    expect((await execute(definition(made), () => { throw error('SageMaker.SageMakerException', 'User: x is not authorized to perform: sagemaker:DescribeModelPackage'); }, { version: ARN })).error?.Error)
      .toBe('Mlops.Unauthorized');
  });

  test('may look at versions of its group, no more', () => {
    expect(held(made)).toEqual([`sagemaker:DescribeModelPackage ${VERSIONS}`]);
  });
});

describe('set status', () => {
  const made = template((registry, stack) => registry.setStatus(stack, 'Approve', { version: ARN, status: ModelStatus.APPROVED, reason: 'passed the gate' }));

  test('decides, and says why', async () => {
    const { output } = await execute(definition(made), (_name, request) => {
      expect(request).toEqual({ ModelPackageArn: ARN, ModelApprovalStatus: 'Approved', ApprovalDescription: 'passed the gate' });
      return { ModelPackageArn: ARN };
    });

    expect(output).toEqual({ version: ARN, status: 'Approved' });
  });

  test('may update versions of its group, no more; a reason is not needed', () => {
    const bare = template((registry, stack) => registry.setStatus(stack, 'Reject', { version: ARN, status: ModelStatus.REJECTED }));

    expect(held(made)).toEqual([`sagemaker:UpdateModelPackage ${VERSIONS}`]);
    expect(states(definition(bare))['Reject: updated'].Arguments).toEqual({ ModelPackageArn: ARN, ModelApprovalStatus: 'Rejected' });
  });
});

test('a decision is told once it changes the status, in the words of the contract', () => {
  const stack = new Stack(new App(), 'test');
  const registry = SageMakerModelRegistry.fromGroupName(stack, 'Registry', 'churn');
  registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target: new targets.SqsQueue(new sqs.Queue(stack, 'Queue')) });
  const { EventPattern, Targets } = render(resource(Template.fromStack(stack), 'AWS::Events::Rule')).Properties;

  expect(EventPattern).toEqual({
    'source': ['aws.sagemaker'], 'detail-type': ['SageMaker Model Package State Change'],
    'detail': { ModelPackageGroupName: ['churn'], ModelApprovalStatus: ['Approved'], UpdatedModelPackageFields: ['ModelApprovalStatus'] },
  });
  expect(Targets[0].InputTransformer).toEqual({
    InputPathsMap: { 'detail-ModelPackageArn': '$.detail.ModelPackageArn', 'detail-ModelApprovalStatus': '$.detail.ModelApprovalStatus', 'time': '$.time' },
    InputTemplate: '{"version":<detail-ModelPackageArn>,"status":<detail-ModelApprovalStatus>,"at":<time>}',
  });
});
