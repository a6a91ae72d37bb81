import { Template } from 'aws-cdk-lib/assertions';
import { Approval } from '../../lib';
import { execute } from '../support/machine';
import { allowed, definition, resource, states } from '../support/template';
import { looped, monitored } from './fixture';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

/** What a rule hands its target, as a template with the event's fields in `<>`. */
const payload = (template: Template, id: string) => resource(template, 'AWS::Events::Rule', id).Properties.Targets[0].InputTransformer.InputTemplate;

describe('minimal', () => {
  const template = looped();

  test('two pipelines and one machine that alerts', () => {
    expect(Object.keys(template.findResources('AWS::StepFunctions::StateMachine')).sort()).toEqual([
      expect.stringMatching(/^LoopAlertsRunFailed/), expect.stringMatching(/^Orchestratordeployment/), expect.stringMatching(/^Orchestratortraining/),
    ]);
  });

  test('an approval starts the deployment, with what it needs to know', () => {
    const rule = resource(template, 'AWS::Events::Rule', 'Approved');

    expect(rule.Properties.Targets[0].Arn).toMatch(/^<Orchestratordeployment/);
    expect(payload(template, 'Approved')).toBe('{"version":<detail-ModelPackageArn>,"status":<detail-ModelApprovalStatus>,"at":<time>}');
    expect(allowed(template, 'OrchestratordeploymentEventsRole')).toEqual([{ actions: ['states:StartExecution'], resources: [expect.stringMatching(/^<Orchestratordeployment/)], condition: undefined }]);
  });

  // The sweep must not meet a deployment that goes on.
  test('at destroy the deployment pipeline goes before the endpoint', () => {
    expect(resource(template, 'AWS::StepFunctions::StateMachine', 'deployment').DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^OrchestratordeploymentRoleDefaultPolicy/)]));
    const policy = Object.entries(template.findResources('AWS::IAM::Policy')).find(([id]) => id.startsWith('OrchestratordeploymentRoleDefaultPolicy'))!;
    expect(JSON.stringify([policy, resource(template, 'AWS::StepFunctions::StateMachine', 'deployment').DependsOn])).toContain('EndpointAtDestroy');
  });

  test('a version that no gate refuses waits for a person', () => {
    const all = states(definition(template, 'training'));

    expect(all.Gate).toBeUndefined();
    expect(all['Ask: sent']).toBeDefined();
    expect(all['Approve: updated']).toBeUndefined();
  });

  test('the machine that alerts is no pipeline whose failure alerts', () => {
    expect(resource(template, 'AWS::Events::Rule', 'OrchestratorFailed').Properties.EventPattern.detail.stateMachineArn).toEqual([
      expect.stringMatching(/^<Orchestratortraining/), expect.stringMatching(/^<Orchestratordeployment/),
    ]);
  });
});

describe('maximal', () => {
  const template = monitored();

  test('an unhealthy model is told of', async () => {
    const sent: any[] = [];
    await execute(definition(template, 'ModelUnhealthy'), (_name, request) => {
      sent.push(request);
      return { MessageId: 'm' };
    }, { alarm: 'Errors', state: 'ALARM', reason: 'Threshold crossed', at: '2026-01-01T00:00:00Z' });

    expect(sent).toEqual([{ TopicArn: expect.stringMatching(/^<Alerter/), Subject: 'test: Errors', Message: 'Alarm: Errors\nSince: 2026-01-01T00:00:00Z\nReason: Threshold crossed' }]);
    expect(resource(template, 'AWS::Events::Rule', 'MonitorUnhealthy').Properties.Targets[0].Arn).toMatch(/^<LoopAlertsModelUnhealthy/);
  });

  test('a gate and automatic approval reach the training pipeline', () => {
    const all = states(definition(looped({ gate: { metric: 'loss', maximum: 1 }, approval: Approval.AUTOMATIC }), 'training'));

    expect(all.Gate.Choices[0].Condition).toContain('<= 1');
    expect(all['Approve: updated']).toBeDefined();
  });
});

describe('a run that ends without success', () => {
  const template = looped();
  const alert = async (described: object) => {
    const sent: any[] = [];
    const execution = await execute(definition(template, 'RunFailed'), (name, request) => {
      if (name.startsWith('Inspect')) return { ExecutionArn: request.ExecutionArn, Name: 'nightly', ...described };
      sent.push(request);
      return { MessageId: 'm' };
    }, { run: 'arn:run', pipeline: 'arn:pipeline', status: 'FAILED', at: '2026-01-01T00:00:00Z' });
    return { sent, execution };
  };

  test('is told of in one alert that names the step, the cause and where the log is', async () => {
    const { sent, execution } = await alert({ Status: 'FAILED', Error: 'Mlops.Failed', Cause: 'Train: training job x is Failed: no rows (log: /aws/sagemaker/TrainingJobs x)' });

    expect(sent).toEqual([{
      TopicArn: expect.stringMatching(/^<Alerter/), Subject: 'test: run nightly FAILED',
      Message: 'Run: arn:run\nStatus: FAILED\nError: Mlops.Failed\nCause: Train: training job x is Failed: no rows (log: /aws/sagemaker/TrainingJobs x)',
    }]);
    expect(execution.error).toBeUndefined();
  });

  test('is told of even where Step Functions says neither error nor cause', async () => {
    expect((await alert({ Status: 'ABORTED' })).sent[0].Message).toBe('Run: arn:run\nStatus: ABORTED\nError: \nCause: ');
  });

  test('is handed on by the rule', () => {
    expect(payload(template, 'OrchestratorFailed')).toBe('{"run":<detail-executionArn>,"pipeline":<detail-stateMachineArn>,"status":<detail-status>,"at":<time>}');
    expect(resource(template, 'AWS::Events::Rule', 'OrchestratorFailed').Properties.Targets[0].Arn).toMatch(/^<LoopAlertsRunFailed/);
  });
});
