import { spawnSync } from 'child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { MlopsStack } from '../../lib';
import { actions, definition, render, resource, states } from '../support/template';

const root = join(__dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'mlops-stack-'));
afterAll(() => rmSync(work, { recursive: true }));

/** What cdk.json gives every run. */
const CONTEXT = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')).context;

function synthesize(outdir: string, settings = {}): { template: Template; text: string } {
  const app = new App({ outdir: join(work, outdir), context: CONTEXT });
  new MlopsStack(app, 'mlops', { settings });
  const assembly = app.synth();
  const { templateFullPath } = assembly.getStackByName('mlops');
  const text = readFileSync(templateFullPath, 'utf8');
  return { template: Template.fromJSON(JSON.parse(text)), text };
}

const { template, text } = synthesize('first');
const resources: [string, any][] = Object.entries(template.toJSON().Resources);

describe('the default stack', () => {
  test('is the same, byte for byte, each time that it is synthesized', () => {
    expect(synthesize('second').text).toBe(text);
    const [first, second] = ['first', 'second'].map(folder => readdirSync(join(work, folder)).sort());
    expect(second).toEqual(first);
  });

  test('knows no account, no region and no folder of the machine that synthesized it', () => {
    expect(Object.keys(template.toJSON().Parameters)).toEqual(['BootstrapVersion']);
    expect(text).not.toContain(root);
    expect(text).not.toContain(tmpdir());
    // Which account holds an image in which region is a mapping, outside of the resources.
    expect(JSON.stringify(template.toJSON().Resources)).not.toMatch(/arn:aws:|us-east-1|amazonaws\.com(?!")/);
  });

  test('has fewer than 120 resources, of which a stack may hold 500', () => {
    expect(resources.length).toBeLessThan(120);
  });

  test('allows no action with a `*`', () => {
    const all = actions(template);

    expect(all.length).toBeGreaterThan(30);
    expect(all.filter(action => action.includes('*'))).toEqual(
      // A key policy speaks of its own key: CDK's default makes the account its administrator.
      ['kms:*'],
    );
    const withStar = resources.filter(([, { Type, Properties }]) => Type !== 'AWS::KMS::Key' && JSON.stringify(Properties).includes('"kms:*"'));
    expect(withStar).toEqual([]);
  });

  test('attaches no managed policy', () => {
    expect(resources.flatMap(([, { Properties }]) => Properties?.ManagedPolicyArns ?? [])).toEqual([]);
    expect(text).not.toContain('FullAccess');
  });

  test('takes `*` as a resource only where the API has none to name', () => {
    const statements = resources.filter(([, { Type }]) => Type === 'AWS::IAM::Policy').flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
    const everywhere = statements.filter(({ Resource }) => [Resource].flat().includes('*')).flatMap(({ Action }) => Action);

    expect([...new Set(everywhere)].sort()).toEqual([
      'cloudwatch:PutMetricData', 'ecr:GetAuthorizationToken',
      'logs:CreateLogDelivery', 'logs:DeleteLogDelivery', 'logs:DescribeLogGroups', 'logs:DescribeResourcePolicies', 'logs:GetLogDelivery', 'logs:ListLogDeliveries',
      'logs:PutResourcePolicy', 'logs:UpdateLogDelivery',
      'sagemaker:ListEndpointConfigs', 'sagemaker:ListModels',
      'xray:GetSamplingRules', 'xray:GetSamplingTargets', 'xray:PutTelemetryRecords', 'xray:PutTraceSegments',
    ]);
  });

  test('retains every resource that holds data, at deletion and at replacement', () => {
    const stateful = ['AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::SageMaker::MlflowApp', 'AWS::SageMaker::ModelPackageGroup'];
    const found = resources.filter(([, { Type }]) => stateful.includes(Type));

    expect([...new Set(found.map(([, { Type }]) => Type))].sort()).toEqual([...stateful].sort());
    for (const [id, { DeletionPolicy, UpdateReplacePolicy }] of found) expect([id, DeletionPolicy, UpdateReplacePolicy]).toEqual([id, 'Retain', 'Retain']);
  });

  test('deletes with the stack only what means nothing without it', () => {
    const gone = resources.filter(([, { DeletionPolicy, Type }]) => DeletionPolicy === 'Delete' && Type !== 'AWS::StepFunctions::StateMachine').map(([id]) => id);

    // Logs of executions, of alerts and of the sweep, the sweep itself, and who deploys right now.
    expect(gone.sort()).toEqual(['LoopAlertsLog01AD1D9D', 'LoopDeploymentTurnTableEAB5DF1F', 'ModelEndpointAtDestroy8B475F23', 'ModelEndpointSweepLog6CB265CF', 'OrchestratorLog06CBE363']);
  });

  // Another logical id is another resource: the data would stay behind.
  test('keeps the logical ids of what holds data', () => {
    const ids = (type: string) => Object.keys(template.findResources(type)).sort();

    expect(ids('AWS::S3::Bucket')).toEqual(['ArtifactStore0165E427']);
    expect(ids('AWS::KMS::Key')).toEqual(['AlerterKey6F535779', 'ArtifactStoreKey28E2B6CF']);
    expect(ids('AWS::SageMaker::MlflowApp')).toEqual(['ExperimentTrackerE1F33A37']);
    expect(ids('AWS::SageMaker::ModelPackageGroup')).toEqual(['ModelRegistryB238A970']);
    // The app's role is create-only: another role replaces the app.
    expect(render(template.findResources('AWS::SageMaker::MlflowApp').ExperimentTrackerE1F33A37.Properties.RoleArn)).toBe('<ExperimentTrackerRole74C41DFA.Arn>');
    expect(ids('AWS::DynamoDB::Table')).toEqual(['LoopDeploymentTurnTableEAB5DF1F']);
  });

  test('publishes each component, by what reaches it', () => {
    const parameters = Object.values(template.findResources('AWS::SSM::Parameter')).map(({ Properties }) => Properties);
    const published = Object.fromEntries(parameters.map(({ Name, Value }) => [Name, JSON.parse(render(Value))]));

    expect(Object.keys(published).sort()).toEqual([
      'alerter', 'artifact-store', 'experiment-tracker', 'model-endpoint', 'model-monitor', 'model-registry', 'model-trainer', 'orchestrator',
    ].map(component => `/mlops/mlops/${component}`));
    expect(published['/mlops/mlops/experiment-tracker']).toEqual({
      provider: 'sagemaker', address: '<ExperimentTrackerE1F33A37.Arn>', variables: { MLFLOW_TRACKING_URI: '<ExperimentTrackerE1F33A37.Arn>' }, secrets: {},
    });
    expect(published['/mlops/mlops/model-endpoint'].variables).toEqual({ SAGEMAKER_ENDPOINT_NAME: 'mlops-modelendpoint-ca6345d1' });
  });

  test('names what a person needs in its outputs', () => {
    expect(Object.keys(template.toJSON().Outputs).sort()).toEqual(
      ['Alerter', 'ArtifactStoreUri', 'DeploymentArn', 'ExperimentTracker', 'ModelEndpoint', 'ModelRegistry', 'PipelineArn'],
    );
  });

  test('has state machines that Step Functions takes: States.ALL alone and in the last place, every transition to a state of its level', () => {
    const machines = Object.keys(template.findResources('AWS::StepFunctions::StateMachine'));
    expect(machines).toHaveLength(4);
    for (const machine of machines) {
      const levels = [definition(template, machine)];
      while (levels.length) {
        const { StartAt, States } = levels.pop();
        for (const [name, state] of Object.entries<any>(States)) {
          levels.push(...state.Branches ?? []);
          const next = [StartAt, state.Next, state.Default, ...[...state.Choices ?? [], ...state.Catch ?? []].map(({ Next }) => Next)].filter(target => target !== undefined);
          expect([name, next.filter(target => !(target in States))]).toEqual([name, []]);
          for (const handlers of [state.Catch ?? [], state.Retry ?? []]) {
            const catchAll = handlers.findIndex(({ ErrorEquals }: any) => ErrorEquals.includes('States.ALL'));
            if (catchAll >= 0) expect([name, catchAll, handlers[catchAll].ErrorEquals]).toEqual([name, handlers.length - 1, ['States.ALL']]);
          }
        }
      }
    }
  });
});

describe('with an external tracker and endpoint', () => {
  const { template: vendors } = synthesize('vendors', {
    tracker: { provider: 'mlflow', url: 'https://mlflow.acme.dev', username: 'ml', secret: 'acme/mlflow', field: 'password' },
    endpoint: { provider: 'open-inference', url: 'https://models.acme.dev', repository: 'models', secret: 'acme/models' },
    monitor: { provider: 'none' },
    alerter: { email: 'ml@acme.dev' },
    trainer: { timeoutMinutes: 90, spot: true, hyperparameters: { alpha: 0.1 } },
    pipeline: { approval: 'automatic', gate: { metric: 'loss', maximum: 0.2 } },
  });

  test('what is published refers to secrets and holds none', () => {
    const published = Object.values(vendors.findResources('AWS::SSM::Parameter')).map(({ Properties }) => render(Properties.Value)).join('\n');

    expect(published).not.toContain('resolve:');
    const { Properties } = resource(vendors, 'AWS::SSM::Parameter', 'experimenttracker');
    expect(JSON.parse(Properties.Value)).toEqual({
      provider: 'mlflow', address: 'https://mlflow.acme.dev', variables: { MLFLOW_TRACKING_URI: 'https://mlflow.acme.dev', MLFLOW_TRACKING_USERNAME: 'ml' },
      secrets: { MLFLOW_TRACKING_PASSWORD: { secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:acme/mlflow', field: 'password' } },
      probes: [
        { shows: 'alive', url: 'https://mlflow.acme.dev/health' },
        {
          shows: 'authorized', url: 'https://mlflow.acme.dev/api/2.0/mlflow/experiments/search', basic: 'ml:${MLFLOW_TRACKING_PASSWORD}', body: { max_results: 1 }, expects: {},
        },
        { shows: 'version', url: 'https://mlflow.acme.dev/version', basic: 'ml:${MLFLOW_TRACKING_PASSWORD}', matches: '^[23]\\.' },
      ],
    });
  });

  test('allows no action with a `*` and watches nothing', () => {
    expect(actions(vendors).filter(action => action.includes('*'))).toEqual(['kms:*']);
    vendors.resourceCountIs('AWS::CloudWatch::Alarm', 0);
    vendors.resourceCountIs('AWS::SageMaker::MlflowApp', 0);
    expect(Object.keys(vendors.findResources('AWS::SSM::Parameter')).filter(id => id.includes('monitor'))).toEqual([]);
  });

  test('the settings of the trainer and the pipeline reach the job', () => {
    const all = states(definition(vendors, 'training'));

    expect(all['Train: job'].Arguments.StoppingCondition.MaxRuntimeInSeconds).toBe(5400);
    expect(all['Train: job'].Arguments.EnableManagedSpotTraining).toBe(true);
    expect(all['Train: job'].Arguments.HyperParameters.alpha).toBe('0.1');
    expect(all.Gate.Choices[0].Condition).toContain('<= 0.2');
    expect(all['Approve: updated'].Arguments.ModelApprovalStatus).toBe('Approved');
  });

  test('versions go into the named folder of the store', () => {
    expect(states(definition(vendors, 'deployment'))['Deploy: copied'].Arguments).toMatchObject({ Bucket: '<ArtifactStore0165E427>', Key: 'models/model/model.tar.gz' });
  });
});

test('what exists already is taken as it is', () => {
  const { template: adopted } = synthesize('adopted', {
    store: { bucket: 'acme-data', prefix: 'ml/' },
    tracker: { app: 'arn:aws:sagemaker:us-east-1:000000000000:mlflow-app/app-A' },
    registry: { group: 'fraud' },
    alerter: { topic: 'arn:aws:sns:us-east-1:000000000000:alerts' },
  });

  for (const type of ['AWS::S3::Bucket', 'AWS::KMS::Key', 'AWS::SageMaker::MlflowApp', 'AWS::SageMaker::ModelPackageGroup', 'AWS::SNS::Topic']) adopted.resourceCountIs(type, 0);
  expect(states(definition(adopted, 'training'))['Train: job'].Arguments.OutputDataConfig.S3OutputPath).toBe('s3://acme-data/ml/training');
});

test('two stacks of one app, one of them in a stage, have names of their own', () => {
  const app = new App();
  const one = new MlopsStack(app, 'one');
  const two = new MlopsStack(new Stage(app, 'Prod'), 'two');
  const names = [one, two].map(stack => {
    const own = Template.fromStack(stack);
    return [...Object.values(own.findResources('AWS::SSM::Parameter')).map(({ Properties }) => Properties.Name), resource(own, 'Custom::MlopsEndpointSweep').Properties.EndpointName];
  });

  expect(names[0].filter(name => names[1].includes(name))).toEqual([]);
});

describe('bin/mlops.ts, as cdk.json runs it', () => {
  const { app } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));

  function run(yaml: string) {
    const file = join(work, 'bin.yaml');
    writeFileSync(file, yaml);
    return spawnSync(app, {
      shell: true, cwd: root, encoding: 'utf8',
      env: { ...process.env, CDK_VALIDATION: 'false', CDK_OUTDIR: join(work, 'bin'), CDK_CONTEXT_JSON: JSON.stringify({ ...CONTEXT, config: file }) },
    });
  }

  test('synthesizes the file that the context names', () => {
    const { status, stderr } = run('name: fraud');

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(readdirSync(join(work, 'bin'))).toContain('fraud.template.json');
  });

  test('refuses a bad file with one line and exit code 1', () => {
    const { status, stderr } = run('tracker: { provider: mlfow }');

    expect(status).toBe(1);
    expect(stderr).toBe(`${join(work, 'bin.yaml')}: 'tracker.provider' must be one of sagemaker, mlflow, databricks, wandb, comet, comet-partner-app, clearml, neptune, none, got 'mlfow': did you mean 'mlflow'?\n`);
  });
});
