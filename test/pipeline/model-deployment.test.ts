import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Template } from 'aws-cdk-lib/assertions';
import { MlflowModelRegistry, ModelDeployment, ModelDeploymentProps, OpenInferenceEndpoint } from '../../lib';
import { error, execute, Execution } from '../support/machine';
import { definition, resource, resourcesOf } from '../support/template';
import { FakeItem, looped, parts } from './fixture';

const START = Date.parse('2026-01-01');
beforeEach(() => { jest.useFakeTimers({ now: START }); });
afterEach(() => { jest.useRealTimers(); });

/** AWS, as far as deployments see it: versions, the turn, one endpoint, and the executions that there are. */
class World {
  public readonly turn = new FakeItem();
  public readonly executions: { [id: string]: string } = {};
  public readonly versions: { [version: string]: { status: string; changed: number } } = {};
  public readonly served: string[] = [];
  public readonly told: string[] = [];
  public deploying = 0;
  public mostDeploying = 0;
  public sample = '1.5,2,-3\r\n4,5,6\n';
  public sent: string[] = [];
  /** How often SageMaker says that the endpoint is not there yet. */
  public looks = 0;
  /** What happens while a version is deployed. */
  public during?: () => void;
  /** In place of a task's own answer. */
  public tasks: { [name: string]: () => any } = {};
  /** The version that is asked about. */
  public asked = '';
  private models: { [name: string]: string } = {};

  constructor(private readonly asl: any) {}

  public approve(version: string, changed = START) {
    this.versions[version] = { status: 'Approved', changed };
  }

  /** One execution of the pipeline, set off by an event about `version`. */
  public async deploy(version: string, name: string, at?: string): Promise<Execution> {
    const id = `arn:aws:states:us-east-1:000000000000:execution:loop:${name}`;
    this.executions[id] = 'RUNNING';
    const execution = await execute(this.asl, (task, request, integration) => this.answer(task, request, integration, version), { version, ...at !== undefined && { at } }, name);
    this.executions[id] = execution.error ? 'FAILED' : 'SUCCEEDED';
    return execution;
  }

  private answer(task: string, request: any, integration: string, version: string): any {
    this.asked = version;
    if (this.tasks[task]) return this.tasks[task]();
    if (integration.includes(':dynamodb:')) return this.turn.answer(request, integration);
    switch (task) {
      case 'Resolve: described': {
        const { status, changed } = this.versions[version];
        return {
          ModelPackageArn: version, ModelPackageStatus: 'Completed', ModelApprovalStatus: status, CreationTime: '2025-01-01T00:00:00Z', LastModifiedTime: new Date(changed).toISOString(),
          InferenceSpecification: { Containers: [{ Image: 'image', ModelDataUrl: `s3://models/${version}` }] },
        };
      }
      case 'Holder: described':
        return { ExecutionArn: request.ExecutionArn, Name: 'n', Status: this.executions[request.ExecutionArn] };
      case 'Sample: object': return { Body: this.sample };
      case 'Deploy: model':
        this.deploying++;
        this.mostDeploying = Math.max(this.mostDeploying, this.deploying);
        this.models[request.ModelName] = version;
        this.during?.();
        return { ModelArn: 'arn' };
      case 'Deploy: config': return { EndpointConfigArn: 'arn' };
      case 'Deploy: before': throw error('SageMaker.SageMakerException', 'Could not find endpoint');
      case 'Deploy: created': return { EndpointArn: 'arn' };
      case 'Deploy: after':
        return {
          EndpointName: 'fraud', EndpointStatus: this.looks-- > 0 ? 'Creating' : 'InService', EndpointConfigName: Object.keys(this.models).find(name => this.models[name] === version),
        };
      case 'Deploy: answered':
        this.deploying--;
        this.served.push(version);
        this.sent.push(request.Body);
        return { Body: '[1]' };
      case 'Tell: sent':
        this.told.push(request.Message);
        return { MessageId: 'm' };
      default: throw new Error(`nobody answers '${task}'`);
    }
  }
}

const template = looped({ sample: 'data/sample.csv' });
const asl = definition(template, 'deployment');

describe('one approval', () => {
  test('is deployed, tried with the sample and told of', async () => {
    const world = new World(asl);
    world.approve('v1');
    const { output, calls } = await world.deploy('v1', 'one');

    expect(output).toEqual({ status: 'Deployed', version: 'v1', endpoint: 'fraud', reason: 'approved' });
    expect(calls.filter(call => !call.startsWith('Deploy:'))).toEqual([
      'Resolve: described', 'Draw: drawn', 'Draw: seen', 'Take: taken', 'Take: seen', 'Sample: object', 'Release: given', 'Tell: sent',
    ]);
    expect(world.told).toEqual(['Version v1 is served by fraud']);
    expect(world.turn.item).toEqual({ id: { S: 'turn' }, newest: { S: `${START} v1` } });
  });

  test.each([
    ['1.5,2,-3\r\n4,5,6\n', '1.5,2,-3'],
    ['1e-3, 2 ,3', '0.001,2,3'],
    ['7\n8', '7'],
  ])('the first line of a sample %j is sent', async (sample, body) => {
    const world = new World(asl);
    world.approve('v1');
    world.sample = sample;
    await world.deploy('v1', 'one');

    expect(world.sent).toEqual([body]);
  });

  test('that is told twice is deployed once', async () => {
    const world = new World(asl);
    world.approve('v1');
    // SageMaker may send several events for one change, each with a time of its own.
    await world.deploy('v1', 'one', '2026-01-01T00:00:01Z');
    const { output } = await world.deploy('v1', 'two', '2026-01-01T00:00:02Z');

    expect(output).toEqual({ status: 'Skipped', version: 'v1', reason: 'this approval was told before' });
    expect(world.served).toEqual(['v1']);
  });

  test('that was withdrawn in the meantime is not deployed', async () => {
    const world = new World(asl);
    world.versions.v1 = { status: 'Rejected', changed: START };

    expect((await world.deploy('v1', 'one')).output).toEqual({ status: 'Skipped', version: 'v1', reason: 'its status is now Rejected' });
    expect(world.turn.item).toBeUndefined();
  });

  test('that is older than one which was deployed is not', async () => {
    const world = new World(asl);
    world.approve('v1', START);
    world.approve('v2', START + 1);
    await world.deploy('v2', 'one');

    expect((await world.deploy('v1', 'two')).output).toEqual({ status: 'Skipped', version: 'v1', reason: `a later approval came: ${START + 1} v2` });
  });

  test('of a version that was served before, a rollback, is deployed', async () => {
    const world = new World(asl);
    world.approve('v1', START);
    world.approve('v2', START + 1);
    await world.deploy('v1', 'one');
    await world.deploy('v2', 'two');
    world.approve('v1', START + 2);
    const { output } = await world.deploy('v1', 'three');

    expect(output.status).toBe('Deployed');
    expect(world.served).toEqual(['v1', 'v2', 'v1']);
  });
});

describe('with a registry at MLflow, which does not keep when it was decided', () => {
  const template = looped({ sample: 'data/sample.csv' }, stack => ({
    registry: new MlflowModelRegistry(stack, 'Mlflow', { url: 'https://mlflow.acme.dev', model: 'fraud', webhookSecret: secretsmanager.Secret.fromSecretNameV2(stack, 'Signing', 'acme/mlflow') }),
  }));
  const AT = ['2026-01-02T00:00:00.100000+00:00', '2026-01-02T00:00:00.200000+00:00', '2026-01-02T00:00:00.300000+00:00'];

  /** Both versions were made long ago, and are approved. */
  function mlflow(): World {
    const world = new World(definition(template, 'deployment'));
    world.tasks['Resolve: described'] = () => ({
      StatusCode: 200, ResponseBody: { model_version: {
        version: world.asked, source: `s3://models/${world.asked}`, last_updated_timestamp: START, tags: [{ key: 'mlops.status', value: 'Approved' }, { key: 'mlops.image', value: 'image' }],
      } },
    });
    return world;
  }

  test('an approval that is told again, in time or late, deploys nothing, and a later one of an older version does', async () => {
    const world = mlflow();
    const statuses = [];
    for (const [index, [version, at]] of [['1', 0], ['1', 0], ['2', 1], ['1', 0], ['1', 2], ['1', 2], ['2', 1]].entries() as ArrayIterator<[number, [string, number]]>) {
      statuses.push((await world.deploy(version, `e${index}`, AT[at])).output.status);
    }

    expect(statuses).toEqual(['Deployed', 'Skipped', 'Deployed', 'Skipped', 'Deployed', 'Skipped', 'Skipped']);
    expect(world.served).toEqual(['1', '2', '1']);
  });

  test('without the time of an event a version is as old as MLflow says', async () => {
    const world = mlflow();

    expect((await world.deploy('2', 'one')).output.status).toBe('Deployed');
    expect((await world.deploy('1', 'two')).output).toEqual({ status: 'Skipped', version: '1', reason: `a later approval came: ${START} 2` });
  });
});

describe('several approvals', () => {
  test('ten in one second, each told twice: one deployment at a time, each version deployed once or skipped, the last served', async () => {
    const world = new World(asl);
    const versions = Array.from({ length: 10 }, (_, index) => `v${index}`);
    versions.forEach((version, index) => world.approve(version, START + index * 100));
    const executions = await Promise.all([...versions, ...versions].map((version, index) => world.deploy(version, `e${index}`)));

    expect(executions.map(({ error: failure }) => failure)).toEqual(Array(20).fill(undefined));
    expect(world.mostDeploying).toBe(1);
    expect(new Set(world.served).size).toBe(world.served.length);
    expect(world.served.at(-1)).toBe('v9');
    expect(executions.filter(({ output }) => output.status === 'Deployed')).toHaveLength(world.served.length);
    expect(executions.filter(({ output }) => output.status === 'Skipped')).toHaveLength(20 - world.served.length);
    expect(world.turn.item?.holder).toBeUndefined();
  });

  test('those that come while another is deployed wait for it; of these the newest goes, and the others are skipped', async () => {
    const world = new World(asl);
    ['v1', 'v2', 'v3'].forEach((version, index) => world.approve(version, START + index));
    world.looks = 20;
    const later: Promise<Execution>[] = [];
    world.during = () => {
      world.during = undefined;
      later.push(world.deploy('v2', 'two'), world.deploy('v3', 'three'));
    };
    const first = await world.deploy('v1', 'one');
    const [second, third] = await Promise.all(later);

    expect(first.output.status).toBe('Deployed');
    expect(second.output).toEqual({ status: 'Skipped', version: 'v2', reason: `a later approval came: ${START + 2} v3` });
    expect(third.output.status).toBe('Deployed');
    expect(third.trace).toContain('Wait for turn');
    expect(world.served).toEqual(['v1', 'v3']);
    expect(world.mostDeploying).toBe(1);
  });

  test('the turn of a run that was stopped is taken from it', async () => {
    const world = new World(asl);
    world.turn.item = { id: { S: 'turn' }, newest: { S: '0 v0' }, holder: { S: 'arn:stopped' } };
    world.executions['arn:stopped'] = 'ABORTED';
    world.approve('v1');
    const { output, calls } = await world.deploy('v1', 'one');

    expect(output.status).toBe('Deployed');
    expect(calls).toContain('Free: given');
  });

  test('the turn of a run that goes on is not', async () => {
    const world = new World(asl);
    world.turn.item = { id: { S: 'turn' }, newest: { S: '0 v0' }, holder: { S: 'arn:other' } };
    world.approve('v1');
    let looks = 0;
    world.tasks['Holder: described'] = () => {
      looks++;
      if (looks === 3) delete world.turn.item!.holder;
      return { ExecutionArn: 'arn:other', Name: 'n', Status: 'RUNNING' };
    };
    const { output, calls } = await world.deploy('v1', 'one');

    expect(output.status).toBe('Deployed');
    expect(looks).toBe(3);
    expect(calls).not.toContain('Free: given');
  });
});

describe('failures', () => {
  test('a deployment that fails gives the turn back and fails with its own error', async () => {
    const world = new World(asl);
    world.approve('v1');
    world.tasks['Deploy: answered'] = () => { throw error('SageMakerRuntime.ModelErrorException', 'HTTP 500'); };
    const { error: failure } = await world.deploy('v1', 'one');

    expect(failure).toEqual({ Error: 'Mlops.Failed', Cause: expect.stringMatching(/^Deploy: SageMakerRuntime.ModelErrorException: HTTP 500 \(log: \/aws\/sagemaker\/Endpoints\/fraud\)$/) });
    expect(world.turn.item?.holder).toBeUndefined();
  });

  test('so does one whose sample is not there', async () => {
    const world = new World(asl);
    world.approve('v1');
    world.tasks['Sample: object'] = () => { throw error('S3.NoSuchKeyException', 'no such key'); };
    const { error: failure, calls } = await world.deploy('v1', 'one');

    expect(failure?.Cause).toMatch(/^Sample: S3.NoSuchKeyException: no such key/);
    expect(calls.at(-1)).toBe('GiveUp: given');
  });

  test('the error stays the same when the turn cannot be given back', async () => {
    const world = new World(asl);
    world.approve('v1');
    world.tasks['Deploy: model'] = () => { throw error('SageMaker.SageMakerException', 'User is not authorized to perform: sagemaker:CreateModel'); };
    world.tasks['GiveUp: given'] = () => { throw error('DynamoDB.InternalServerErrorException', 'down'); };

    expect((await world.deploy('v1', 'one')).error).toEqual({ Error: 'Mlops.Unauthorized', Cause: expect.stringContaining('sagemaker:CreateModel') });
  });

  test('that nobody could be told is no reason to fail', async () => {
    const world = new World(asl);
    world.approve('v1');
    world.tasks['Tell: sent'] = () => { throw error('SNS.NotFoundException', 'no topic'); };

    expect((await world.deploy('v1', 'one')).output.status).toBe('Deployed');
  });
});

describe('permissions', () => {
  test('the pipeline may look at its own runs and write who has the turn', () => {
    expect(resourcesOf(template, 'OrchestratordeploymentRole', 'states:DescribeExecution')).toEqual([
      expect.stringMatching(/:execution:.*-deployment:\*$/), expect.stringMatching(/:execution:.*-training:\*$/),
    ]);
    expect(resourcesOf(template, 'OrchestratordeploymentRole', 'dynamodb:UpdateItem')).toEqual([expect.stringMatching(/^<LoopDeploymentTurnTable.*\.Arn>$/)]);
    expect(resourcesOf(template, 'OrchestratordeploymentRole', 's3:GetObject')).toEqual([expect.stringMatching(/^<Store.*\.Arn>\/data\/sample\.csv\*$/)]);
  });

  test('the table holds one item, and goes with the machine that writes it', () => {
    const table = resource(template, 'AWS::DynamoDB::Table');

    expect(table).toMatchObject({ DeletionPolicy: 'Delete', Properties: { BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }], PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } } });
  });
});

test('minimal: no sample, no alerter', async () => {
  const { stack, props: { registry, endpoint, store, orchestrator } } = parts();
  const props: ModelDeploymentProps = { registry, endpoint, store, orchestrator };
  orchestrator.addPipeline('deployment', { definition: new ModelDeployment(stack, 'Deployment', props) });
  const world = new World(definition(Template.fromStack(stack), 'deployment'));
  world.approve('v1');
  const { output, calls } = await world.deploy('v1', 'one');

  expect(output.status).toBe('Deployed');
  expect(calls.filter(call => /Sample|Tell|answered/.test(call))).toEqual([]);
});

test('an endpoint that nothing can be deployed to is refused', () => {
  const { stack, props: { registry, store, orchestrator } } = parts();
  const endpoint = new OpenInferenceEndpoint(stack, 'Vendor', { url: 'https://models.acme.dev', model: 'fraud' });

  expect(() => new ModelDeployment(stack, 'Deployment', { registry, store, orchestrator, endpoint: endpoint as any }))
    .toThrow(new Error("'endpoint' must be an endpoint that versions can be deployed to (IDeployableEndpoint), got 'test/Vendor': give it a 'repository', or take another one"));
});
