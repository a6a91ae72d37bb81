import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { FAULTS } from '.';
import { ourRules } from '../../check/judges/guard';
import { Template } from '../../check/template';

const rules = join(__dirname, '../../check/rules');
const names = readdirSync(rules).flatMap(file => [...readFileSync(join(rules, file), 'utf8').matchAll(/^rule (\w+)/gm)].map(([, name]) => name));

function template(resources: { [id: string]: any }): Template {
  const file = join(mkdtempSync(join(tmpdir(), 'rules-')), 'template.json');
  writeFileSync(file, JSON.stringify({ Resources: resources }));
  return new Template('rules', file);
}

/** A state machine of one task. */
const calling = (action: string, Arguments: any) => ({
  Type: 'AWS::StepFunctions::StateMachine',
  Properties: { DefinitionString: JSON.stringify({ StartAt: 'Call', States: { Call: { Type: 'Task', Resource: `arn:aws:states:::aws-sdk:${action}`, Arguments, End: true } } }) },
});

/** What breaks a rule that no seeded fault breaks; beside it stands what keeps it. */
const BROKEN: { [rule: string]: { broken: any; kept?: any } } = {
  NO_KEY_ON_LOCAL_STORAGE_OF_PROCESSING: {
    broken: calling('sagemaker:createProcessingJob', { ProcessingResources: { ClusterConfig: { InstanceType: 'ml.p4d.24xlarge', VolumeKmsKeyId: 'key' } } }),
    kept: calling('sagemaker:createProcessingJob', { ProcessingResources: { ClusterConfig: { InstanceType: 'ml.m5.xlarge', VolumeKmsKeyId: 'key' } } }),
  },
  NO_KEY_ON_LOCAL_STORAGE_OF_TRANSFORMS: {
    broken: calling('sagemaker:createTransformJob', { TransformResources: { InstanceType: 'ml.g4dn.xlarge', VolumeKmsKeyId: 'key' } }),
    kept: calling('sagemaker:createTransformJob', { TransformResources: { InstanceType: 'ml.g4dn.xlarge' } }),
  },
  CLARIFY_EXPLAINER_IS_CLOSED: { broken: { Type: 'AWS::SageMaker::EndpointConfig', Properties: { ProductionVariants: [], ExplainerConfig: { ClarifyExplainerConfig: {} } } } },
  AUGMENTED_AI_IS_CLOSED: { broken: calling('sagemakera2iruntime:startHumanLoop', {}) },
  APP_RUNNER_IS_CLOSED: { broken: { Type: 'AWS::AppRunner::Service', Properties: {} } },
  EDGE_MANAGER_HAS_ENDED: { broken: { Type: 'AWS::SageMaker::DeviceFleet', Properties: {} } },
  ELASTIC_INFERENCE_HAS_ENDED: {
    broken: { Type: 'AWS::SageMaker::EndpointConfig', Properties: { ProductionVariants: [{ AcceleratorType: 'ml.eia2.medium' }] } },
    kept: { Type: 'AWS::SageMaker::EndpointConfig', Properties: { ProductionVariants: [{ InstanceType: 'ml.m5.large' }] } },
  },
};

test('each of our rules is broken by a seeded fault, or below', () => {
  const seeded = FAULTS.filter(({ judge }) => judge === 'our rules').map(({ rule }) => rule);
  expect([...new Set([...seeded, ...Object.keys(BROKEN)])].sort()).toEqual([...names].sort());
});

test.each(Object.entries(BROKEN))('%s', async (rule, { broken, kept }) => {
  const findings = await ourRules().judge([template({ Broken: broken, ...kept && { Kept: kept } })]);
  expect(findings.filter(finding => finding.rule === rule).map(({ resource }) => resource)).toEqual(['Broken']);
});

test('a rule about the actions of a policy reads one action and several', async () => {
  const policy = (Action: any, address: string) => ({
    Type: 'AWS::IAM::Policy', Properties: { PolicyDocument: { Statement: [{ Effect: 'Allow', Action, Resource: '*', Condition: { StringLike: { 'states:HTTPEndpoint': address } } }] } },
  });
  const findings = await ourRules().judge([template({
    One: policy('states:InvokeHTTPEndpoint', 'https://acme.example*'), Several: policy(['sns:Publish', 'states:InvokeHTTPEndpoint'], 'https://acme.example*'),
    Kept: policy(['states:InvokeHTTPEndpoint'], 'https://acme.example/*'),
  })]);
  expect(findings.map(({ rule, resource }) => [rule, resource])).toEqual([['HTTP_TASK_ADDRESS', 'One'], ['HTTP_TASK_ADDRESS', 'Several']]);
});
