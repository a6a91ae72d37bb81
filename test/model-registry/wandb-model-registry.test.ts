import { createHash } from 'crypto';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Step } from '../../constructs/core';
import { ModelStatus, WandbModelRegistry, WandbModelRegistryProps } from '../../constructs/model-registry';
import { error, execute } from '../support/machine';
import { definition, render } from '../support/template';

const held = (stack: Stack, id: string) => secretsmanager.Secret.fromSecretNameV2(stack, id, `acme/${id}`);

function made(props: (stack: Stack) => Partial<WandbModelRegistryProps> = () => ({})): { stack: Stack; registry: WandbModelRegistry } {
  const stack = new Stack(new App(), 'test');
  return { stack, registry: new WandbModelRegistry(stack, 'Registry', { collection: 'acme/models/fraud', apiKey: held(stack, 'key'), ...props(stack) }) };
}

/** The definition of one machine that is the step that `verb` makes. */
function machine(verb: (registry: WandbModelRegistry, stack: Stack) => Step, props: Partial<WandbModelRegistryProps> = {}): any {
  const { stack, registry } = made(() => props);
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(verb(registry, stack)), queryLanguage: sfn.QueryLanguage.JSONATA });
  return definition(Template.fromStack(stack));
}

const md5 = (content: string, encoding: 'hex' | 'base64') => createHash('md5').update(content).digest(encoding);

/** W&B, with one collection. */
class Wandb {
  public readonly versions: any[] = [];
  public readonly runs: { [name: string]: any } = {};
  public readonly files: { [url: string]: string } = {};
  public readonly uploads: any[] = [];
  public readonly links: any[] = [];
  public organization: string | null = 'acme-org';

  public readonly answer = (state: string, request: any): any => {
    if (state === 'Register: uploaded') return this.upload(request);
    const { ApiEndpoint, Method, RequestBody: { query, variables } } = request;
    expect([ApiEndpoint, Method]).toEqual(['https://api.wandb.ai/graphql', 'POST']);
    const [, operation] = /^\w+ (\w+)\(/.exec(query)!;
    return { StatusCode: 200, ResponseBody: { data: this.operations[operation](variables) } };
  };

  /** What W&B keeps of a version, by its name. */
  public metadata(version: string): any {
    return JSON.parse(this.versions[Number(version.slice(1))].metadata);
  }

  private readonly operations: { [name: string]: (variables: any) => any } = {
    Run: run => {
      this.runs[run.name] = run;
      return { answer: { bucket: { name: run.name } } };
    },
    Create: ({ input }) => {
      const artifact = this.versions.find(({ digest, state }) => digest === input.digest && state === 'COMMITTED') ?? this.artifact(input);
      return { answer: { artifact: { id: artifact.id, state: artifact.state } } };
    },
    Describe: ({ digest, ...variables }) => {
      expect(variables).toMatchObject({ entity: 'acme', project: 'models', name: 'wandb_manifest.json', type: 'FULL' });
      return { answer: { artifactManifest: { file: { uploadUrl: `https://storage.acme.dev/${variables.artifactID}?signature=1`, uploadHeaders: ['Content-Type:application/json', `Content-MD5: ${digest}`] } } } };
    },
    Commit: ({ artifactID }) => {
      const artifact = this.versions.find(({ id }) => id === artifactID);
      artifact.manifest = JSON.parse(this.files[`https://storage.acme.dev/${artifactID}?signature=1`]);
      artifact.state = 'COMMITTED';
      return { answer: { artifact: { id: artifactID } } };
    },
    Update: ({ input: { artifactID, metadata, tagsToAdd, tagsToDelete } }) => {
      const artifact = this.versions.find(({ id }) => id === artifactID);
      const names = (tags: any[]) => tags.map(({ tagName }) => tagName);
      expect(names(tagsToDelete).filter(tag => !artifact.tags.includes(tag))).toEqual([]);
      expect(names(tagsToAdd).filter(tag => artifact.tags.includes(tag))).toEqual([]);
      Object.assign(artifact, { metadata, tags: [...artifact.tags.filter((tag: string) => !names(tagsToDelete).includes(tag)), ...names(tagsToAdd)] });
      return { answer: { artifact: { id: artifactID } } };
    },
    Organization: () => ({ entity: { organization: this.organization && { orgEntity: { name: this.organization } } } }),
    Link: ({ input: { artifactID, ...input } }) => {
      expect(this.versions.find(({ id }) => id === artifactID).state).toBe('COMMITTED');
      this.links.push(input);
      return { answer: { versionIndex: 0 } };
    },
    LookUp: ({ byName, id, name, entity, project }) => {
      const found = this.versions.find((it, index) => byName ? name === `fraud:v${index}` : it.id === id);
      const artifactSequence = found && { name: found.collection, project: { name: project, entity: { name: entity } } };
      const artifact = found ? { ...found, tags: found.tags.map((tag: string) => ({ name: tag })), artifactSequence } : null;
      return byName ? { project: { artifactCollectionMembership: artifact && { artifact } } } : { artifact };
    },
  };

  private artifact({ artifactCollectionName: collection, ...input }: any): any {
    const versionIndex = this.versions.length;
    this.versions.push({ ...input, collection, id: `QXJ0aWZhY3Q6${versionIndex}==`, state: 'PENDING', versionIndex, tags: [] });
    return this.versions[versionIndex];
  }

  private upload({ ApiEndpoint, Method, Headers, RequestBody }: any): any {
    expect([Method, Headers]).toEqual(['PUT', { 'Content-Type': 'application/json', 'Content-MD5': md5(RequestBody, 'base64') }]);
    this.files[ApiEndpoint] = RequestBody;
    this.uploads.push(ApiEndpoint);
    return { StatusCode: 200, StatusText: 'OK', ResponseBody: '' };
  }
}

const REGISTER = machine((registry, stack) => registry.register(stack, 'Register', {
  modelUri: '{% $states.context.Execution.Input.uri %}', image: 'acme/image', metrics: '{% $states.context.Execution.Input.metrics %}', description: 'Nightly, für alle',
}));
const INPUT = { uri: 's3://acme/a ü%.tar.gz', metrics: { 'accuracy': 0.97, 'größe': 1e-7 } };
const register = (wandb: Wandb, runId = 'run 1', input: object = INPUT) => execute(REGISTER, wandb.answer, { ...input, runId });
const RESOLVE = machine((registry, stack) => registry.resolve(stack, 'Resolve', { version: '{% $states.context.Execution.Input.version %}', toldAt: '{% $states.context.Execution.Input.at %}' }));
const decide = (status: ModelStatus, reason?: string) => machine((registry, stack) => registry.setStatus(stack, 'Decide', { version: '{% $states.context.Execution.Input.version %}', status, reason }));
const byId = (wandb: Wandb, version: string) => `wandb-artifact://_id/${wandb.versions[Number(version.slice(1))].id}`;

async function registered(wandb: Wandb, runId?: string): Promise<string> {
  return (await register(wandb, runId)).output.version;
}

describe('register', () => {
  test('commits a version whose manifest says where the model is, made by a run that has its metrics', async () => {
    const wandb = new Wandb();

    const { output, calls } = await register(wandb);

    expect(output).toEqual({ version: 'v0', status: 'PendingManualApproval' });
    expect(calls).toEqual(['run', 'created', 'described', 'uploaded', 'committed', 'registered'].map(name => `Register: ${name}`));
    const [[key, run]] = Object.entries(wandb.runs);
    expect(run).toMatchObject({ displayName: 'run 1', jobType: 'register', state: 'finished', summaryMetrics: JSON.stringify(INPUT.metrics) });
    const [{ manifest, digest, runName, description, aliases }] = wandb.versions;
    expect(manifest).toEqual({
      version: 1, storagePolicy: 'wandb-storage-policy-v1', storagePolicyConfig: { storageLayout: 'V2' }, contents: { model: { digest: key, ref: INPUT.uri, size: 0 } },
    });
    expect([digest, runName, description, aliases]).toEqual([md5(`wandb-artifact-manifest-v1\nmodel:${key}\n`, 'hex'), key, 'Nightly, für alle', [{ artifactCollectionName: 'fraud', alias: 'latest' }]]);
    expect(wandb.metadata('v0')).toEqual({
      modelUri: INPUT.uri, image: 'acme/image', metrics: INPUT.metrics, runId: 'run 1', status: 'PendingManualApproval', changedAt: expect.stringMatching(/Z$/),
    });
  });

  test('finds the version of the run when it is repeated, decided or not, and registers another for another run', async () => {
    const wandb = new Wandb();
    const version = await registered(wandb);
    const again = await register(wandb);
    await execute(decide(ModelStatus.REJECTED), wandb.answer, { version });
    const decided = await register(wandb);
    const other = await register(wandb, 'run 2');

    expect([again.output, again.calls.length]).toEqual([{ version, status: 'PendingManualApproval' }, 3]);
    expect([decided.output, decided.calls.length]).toEqual([{ version, status: 'Rejected' }, 3]);
    expect([other.output.version, wandb.uploads.length]).toEqual(['v1', 2]);
  });

  test('begins anew where the upload failed', async () => {
    const wandb = new Wandb();
    const expired = (state: string, request: any) => {
      if (state === 'Register: uploaded') throw error('Http.StatusCode.403', '{"errorType":"Http.StatusCode.403","errorMessage":"Request has expired","trace":[]}');
      return wandb.answer(state, request);
    };

    expect((await execute(REGISTER, expired, { ...INPUT, runId: 'run 1' })).error?.Cause).toContain('Request has expired');
    expect((await register(wandb)).output).toEqual({ version: 'v1', status: 'PendingManualApproval' });
  });

  test('needs no metrics, no description and no headers for the upload', async () => {
    const wandb = new Wandb();
    const asl = machine((registry, stack) => registry.register(stack, 'Register', { modelUri: 's3://acme/x', image: 'acme/image' }));
    const bare = (state: string, request: any) => {
      if (state === 'Register: described') return { ResponseBody: { data: { answer: { artifactManifest: { file: { uploadUrl: 'https://storage.acme.dev/QXJ0aWZhY3Q60==?signature=1', uploadHeaders: [] } } } } } };
      if (state !== 'Register: uploaded') return wandb.answer(state, request);
      expect(request.Headers).toEqual({});
      return wandb.answer(state, { ...request, Headers: { 'Content-Type': 'application/json', 'Content-MD5': md5(request.RequestBody, 'base64') } });
    };

    expect((await execute(asl, bare)).output.version).toBe('v0');
    expect([wandb.metadata('v0').metrics, wandb.versions[0].description]).toEqual([{}, undefined]);
  });

  test('links the version to the registry of the organization', async () => {
    const wandb = new Wandb();
    const asl = machine((registry, stack) => registry.register(stack, 'Register', { modelUri: 's3://acme/x', image: 'acme/image' }), { registry: 'model' });

    const { output, calls } = await execute(asl, wandb.answer);

    expect([output.version, calls.slice(4)]).toEqual(['v0', ['committed', 'organization', 'linked', 'registered'].map(name => `Register: ${name}`)]);
    expect(wandb.links).toEqual([{ entityName: 'acme-org', projectName: 'wandb-registry-model', artifactPortfolioName: 'fraud', aliases: [] }]);
    wandb.organization = null;
    expect((await execute(asl, wandb.answer)).error?.Cause).toContain('Register: acme belongs to no organization, which alone has registries');
  });

  test.each(['<html>', null, {}, { data: null }, { data: { answer: null } }])('registers nothing when it is answered %j', async ResponseBody => {
    const { error: failure, calls } = await execute(REGISTER, () => ({ ResponseBody }), INPUT);

    expect([failure?.Error, calls]).toEqual(['Mlops.Failed', ['Register: run']]);
  });

  test('says what W&B says, which answers 200 to what it refuses', async () => {
    const refusing = () => ({ ResponseBody: { data: { answer: null }, errors: [{ message: 'entity acme not found during upsertBucket', path: ['answer'] }] } });

    expect((await execute(REGISTER, refusing, INPUT)).error).toEqual({ Error: 'Mlops.Failed', Cause: expect.stringMatching(/^Register: entity acme not found during upsertBucket \(log: /) });
  });
});

describe('resolve', () => {
  test.each(['its name', 'its id'])('knows a version by %s', async by => {
    const wandb = new Wandb();
    await registered(wandb, 'run 0');
    const version = await registered(wandb);

    expect((await execute(RESOLVE, wandb.answer, { version: by === 'its id' ? byId(wandb, version) : version })).output).toEqual({
      version: 'v1', modelUri: INPUT.uri, image: 'acme/image', status: 'PendingManualApproval', changedAt: wandb.metadata(version).changedAt,
    });
  });

  test('takes when it was told for when somebody else has set the tag', async () => {
    const wandb = new Wandb();
    const version = await registered(wandb);
    wandb.versions[0].tags.push('approved');

    expect((await execute(RESOLVE, wandb.answer, { version, at: '2026-02-03T04:05:06Z' })).output).toMatchObject({ status: 'Approved', changedAt: '2026-02-03T04:05:06.000Z' });
    expect((await execute(RESOLVE, wandb.answer, { version })).output.changedAt).toBe(wandb.metadata(version).changedAt);
    wandb.versions[0].tags.push('rejected');
    expect((await execute(RESOLVE, wandb.answer, { version })).output.status).toBe('Rejected');
  });

  test('fails for what is not there, in another collection, not committed, or not registered here', async () => {
    const wandb = new Wandb();
    const version = await registered(wandb);
    const failure = async (given: string) => (await execute(RESOLVE, wandb.answer, { version: given })).error;
    const missing = (given: string) => ({ Error: 'Mlops.Failed', Cause: expect.stringContaining(`Resolve: acme/models/fraud has no version ${given} that was registered`) });

    expect(await failure('v7')).toEqual(missing('v7'));
    expect(await failure('wandb-artifact://_id/x')).toEqual(missing('wandb-artifact://_id/x'));
    const [{ metadata }] = wandb.versions;
    for (const change of [{ collection: 'other' }, { state: 'PENDING' }, { metadata: null }, { metadata: '{"a":1}' }]) {
      Object.assign(wandb.versions[0], change);
      expect(await failure(version)).toEqual(missing(version));
      Object.assign(wandb.versions[0], { collection: 'fraud', state: 'COMMITTED', metadata });
    }
  });
});

describe('set status', () => {
  test('takes the other decision back, and keeps why and when', async () => {
    const wandb = new Wandb();
    const version = await registered(wandb);
    wandb.versions[0].tags.push('nightly');
    await execute(decide(ModelStatus.REJECTED), wandb.answer, { version });

    const { output, calls } = await execute(decide(ModelStatus.APPROVED, 'passed the gate'), wandb.answer, { version: byId(wandb, version) });

    expect([output, calls]).toEqual([{ version, status: 'Approved' }, ['Decide: found', 'Decide: updated']]);
    expect(wandb.versions[0].tags).toEqual(['nightly', 'approved']);
    expect(wandb.metadata(version)).toMatchObject({ modelUri: INPUT.uri, metrics: INPUT.metrics, status: 'Approved', reason: 'passed the gate', changedAt: expect.stringMatching(/Z$/) });
  });

  test('again changes no tag, and to pending takes every decision back', async () => {
    const wandb = new Wandb();
    const version = await registered(wandb);
    await execute(decide(ModelStatus.APPROVED, 'why'), wandb.answer, { version });
    await execute(decide(ModelStatus.APPROVED), wandb.answer, { version });
    expect([wandb.versions[0].tags, wandb.metadata(version).reason]).toEqual([['approved'], '']);
    wandb.versions[0].tags.push('rejected');

    expect((await execute(decide(ModelStatus.PENDING), wandb.answer, { version })).output).toEqual({ version, status: 'PendingManualApproval' });
    expect(wandb.versions[0].tags).toEqual([]);
  });

  test('is unauthorized without the permission', async () => {
    expect((await execute(decide(ModelStatus.REJECTED), () => { throw error('States.Http.StatusCode.403', 'permission denied'); }, { version: 'v0' })).error?.Error).toBe('Mlops.Unauthorized');
  });
});

test('a decision is told from the webhook of its tag', () => {
  const { stack, registry } = made(it => ({ webhookSecret: held(it, 'webhooks') }));
  registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target: new targets.SqsQueue(new sqs.Queue(stack, 'Queue')) });
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::Events::Rule'));
  const { EventPattern, Targets } = render(Properties);

  expect(EventPattern).toEqual({
    source: ['mlops.webhook'], detail: { collection: ['acme/models/fraud'], status: ['Approved'], version: [{ prefix: 'wandb-artifact://_id/' }] },
  });
  expect(Targets[0].InputTransformer.InputTemplate).toMatch(/^\{"version":<[\w-]+>,"status":"Approved","at":<[\w-]+>\}$/);
  expect(Object.values(Targets[0].InputTransformer.InputPathsMap)).toEqual(['$.detail.version', '$.time']);
});

test('only the function that uploads goes elsewhere, and it reads no secret', () => {
  const { stack, registry } = made();
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(registry.register(stack, 'Register', { modelUri: 's3://acme/x', image: 'x' })), queryLanguage: sfn.QueryLanguage.JSONATA });
  const functions = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));

  expect(functions.map(({ Properties }) => Properties.Environment.Variables)).toEqual([{ SERVICE_URL: 'https://api.wandb.ai', ELSEWHERE: 'true', CREDENTIALS: '{}' }]);
});

test("a client gets what W&B's own client reads", () => {
  const { registry, stack } = made(() => ({ apiKeyField: 'key' }));
  const { probes, secrets, ...binding } = registry.bind(new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }));

  expect(binding).toEqual({
    provider: 'wandb', address: 'https://wandb.ai/acme/models/artifacts/model/fraud', variables: { WANDB_BASE_URL: 'https://api.wandb.ai', MLOPS_MODEL_REGISTRY: 'acme/models/fraud' },
  });
  expect(Object.keys(secrets!)).toEqual(['WANDB_API_KEY']);
  expect(probes!.map(({ shows, url }) => [shows, url])).toEqual([['alive', 'https://api.wandb.ai/healthz'], ['authorized', 'https://api.wandb.ai/graphql'], ['version', 'https://api.wandb.ai/graphql']]);
});

test('nobody listens where nothing is told', () => {
  Template.fromStack(made().stack).resourceCountIs('AWS::ApiGatewayV2::Api', 0);
});

const COLLECTION = "'collection' must be <entity>/<project>/<name>, each of at most 128 letters, digits, '_', '-' and '.', in a project that is no registry, got ";
test.each<[string, (stack: Stack) => Partial<WandbModelRegistryProps>]>([
  [`${COLLECTION}'acme/fraud'`, () => ({ collection: 'acme/fraud' })],
  [`${COLLECTION}'acme/models/it's'`, () => ({ collection: "acme/models/it's" })],
  [`${COLLECTION}'acme/wandb-registry-model/fraud'`, () => ({ collection: 'acme/wandb-registry-model/fraud' })],
  ["'registry' must be a registry's name, without 'wandb-registry-': at most 113 letters, digits, '_', '-' and '.', got 'wandb-registry-model'", () => ({ registry: 'wandb-registry-model' })],
  ["'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://wandb.acme.dev'", () => ({ url: 'http://wandb.acme.dev' })],
  ["'webhookSecretField' must be left out without 'webhookSecret', got 'x'", () => ({ webhookSecretField: 'x' })],
])('%s', (message, props) => {
  expect(() => made(props)).toThrow(new Error(message));
});

test('events without a secret, and of a status that no tag holds, are refused', () => {
  const target = { bind: () => ({ arn: 'x' }) };

  expect(() => made().registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target })).toThrow(new Error(
    "'webhookSecret' of 'test/Registry' must name the secret that W&B signs its webhooks with, got none: without it no change can be told",
  ));
  expect(() => made().registry.onStatusChanged('Waits', { status: ModelStatus.PENDING, target })).toThrow(
    "'status' must be ModelStatus.APPROVED or REJECTED, which W&B tells by a tag, got 'PendingManualApproval'",
  );
});
