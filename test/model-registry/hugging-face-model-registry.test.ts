import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Step } from '../../constructs/core';
import { HuggingFaceModelRegistry, HuggingFaceModelRegistryProps, ModelStatus } from '../../constructs/model-registry';
import { error, execute } from '../support/machine';
import { definition, render } from '../support/template';

const held = (stack: Stack, id: string) => secretsmanager.Secret.fromSecretNameV2(stack, id, `acme/${id}`);

function made(props: (stack: Stack) => Partial<HuggingFaceModelRegistryProps> = () => ({})): { stack: Stack; registry: HuggingFaceModelRegistry } {
  const stack = new Stack(new App(), 'test');
  return { stack, registry: new HuggingFaceModelRegistry(stack, 'Registry', { repository: 'acme/fraud', token: held(stack, 'token'), ...props(stack) }) };
}

/** The definition of one machine that is the step that `verb` makes. */
function machine(verb: (registry: HuggingFaceModelRegistry, stack: Stack) => Step): any {
  const { stack, registry } = made();
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(verb(registry, stack)), queryLanguage: sfn.QueryLanguage.JSONATA });
  return definition(Template.fromStack(stack));
}

/** One repository on the Hub: what a tag or a commit holds as `mlops.json`. */
class Hub {
  public readonly revisions: { [revision: string]: string } = {};
  public readonly commits: any[] = [];

  public readonly answer = (_state: string, { ApiEndpoint, Method, RequestBody: body }: any): any => {
    const [, route, revision] = /^https:\/\/huggingface\.co\/(api\/models\/acme\/fraud\/(?:commit|tag)|acme\/fraud\/raw)\/([^/]+)(?:\/mlops\.json)?$/.exec(ApiEndpoint)!;
    return { StatusCode: 200, ResponseBody: this.routes[`${Method} ${route.split('/').pop()}`](decodeURIComponent(revision), body) };
  };

  /** The file of a revision. */
  public file(revision: string): any {
    return JSON.parse(this.revisions[revision]);
  }

  private readonly routes: { [route: string]: (revision: string, body?: any) => any } = {
    'GET raw': revision => {
      if (!this.revisions[revision]) throw error('States.Http.StatusCode.404', 'Invalid rev id');
      return this.revisions[revision];
    },
    'POST commit': (branch, commit) => {
      expect([branch, Object.keys(commit).filter(name => commit[name] === undefined)]).toEqual(['main', []]);
      const commitOid = `${this.commits.push(commit)}`.padStart(40, '0');
      const [{ path, encoding, content }] = commit.files;
      expect([path, encoding]).toEqual(['mlops.json', 'base64']);
      this.revisions[commitOid] = Buffer.from(content, 'base64').toString();
      return { success: true, commitOid, commitUrl: 'https://huggingface.co/x', hookOutput: '' };
    },
    'POST tag': (revision, { tag }) => {
      if (this.revisions[tag]) throw error('States.Http.StatusCode.409', 'Tag reference exists already');
      this.revisions[tag] = this.revisions[revision];
      return 'OK';
    },
    'DELETE tag': tag => {
      if (!this.revisions[tag]) throw error('States.Http.StatusCode.404', 'Tag not found');
      delete this.revisions[tag];
      return 'OK';
    },
  };
}

const REGISTER = machine((registry, stack) => registry.register(stack, 'Register', {
  modelUri: '{% $states.context.Execution.Input.uri %}', image: 'acme/image', metrics: '{% $states.context.Execution.Input.metrics %}', description: 'Nightly, für alle',
}));
const INPUT = { uri: 's3://acme/model.tar.gz', metrics: { 'accuracy': 0.97, 'größe': 1e-7 } };
const register = (hub: Hub, runId = 'run 1', input: object = INPUT) => execute(REGISTER, hub.answer, { ...input, runId });
const RESOLVE = machine((registry, stack) => registry.resolve(stack, 'Resolve', { version: '{% $states.context.Execution.Input.version %}', toldAt: '{% $states.context.Execution.Input.at %}' }));
const decide = (status: ModelStatus, reason?: string) => machine((registry, stack) => registry.setStatus(stack, 'Decide', { version: '{% $states.context.Execution.Input.version %}', status, reason }));

async function registered(hub: Hub, runId?: string): Promise<string> {
  return (await register(hub, runId)).output.version;
}

describe('register', () => {
  test('commits where the model is, with its image, run and metrics, and names the commit', async () => {
    const hub = new Hub();

    const { output, calls } = await register(hub);

    expect(output).toEqual({ version: expect.stringMatching(/^register-run-1-[0-9a-f]{12}$/), status: 'PendingManualApproval' });
    expect(calls).toEqual(['rejected', 'approved', 'waiting', 'commit', 'tag'].map(name => `Register: ${name}`));
    expect(hub.commits).toEqual([{ summary: `Register ${output.version}`, description: 'Nightly, für alle', files: [expect.anything()] }]);
    expect(hub.file(output.version)).toEqual({
      version: output.version, modelUri: 's3://acme/model.tar.gz', image: 'acme/image', runId: 'run 1', metrics: { 'accuracy': 0.97, 'gr--e': 1e-7 },
      status: 'PendingManualApproval', changedAt: expect.stringMatching(/Z$/),
    });
  });

  test.each([[{}], [{ accuracy: 1 }]])('takes the metrics %j', async metrics => {
    const hub = new Hub();
    const { output } = await register(hub, 'run', { ...INPUT, metrics });

    expect(hub.file(output.version).metrics).toEqual(metrics);
  });

  test('finds the version of the run when it is repeated, decided or not, and registers another for another run', async () => {
    const hub = new Hub();
    const version = await registered(hub);
    const again = await register(hub);
    await execute(decide(ModelStatus.REJECTED), hub.answer, { version });
    const decided = await register(hub);
    const other = await register(hub, 'run 2');

    expect([again.output, again.calls.length]).toEqual([{ version, status: 'PendingManualApproval' }, 3]);
    expect([decided.output, decided.calls.length]).toEqual([{ version, status: 'Rejected' }, 1]);
    expect(other.output.version).not.toBe(version);
  });

  test('needs no metrics and no description', async () => {
    const hub = new Hub();
    const { output } = await execute(machine((registry, stack) => registry.register(stack, 'Register', { modelUri: 's3://acme/x', image: 'acme/image' })), hub.answer);

    expect(hub.file(output.version).metrics).toEqual({});
    expect(Object.keys(hub.commits[0])).toEqual(['summary', 'files']);
  });

  test('is the first of two at the same moment', async () => {
    const hub = new Hub();
    const slower = (state: string, request: any) => {
      // Between the commit and the tag of this one, the other one is through.
      if (state === 'Register: tag') hub.revisions[request.RequestBody.tag] = 'the other one';
      return hub.answer(state, request);
    };

    const { output } = await execute(REGISTER, slower, { ...INPUT, runId: 'run 1' });

    expect([output.status, hub.revisions[output.version]]).toEqual(['PendingManualApproval', 'the other one']);
  });

  test.each(['<html>', null, {}])('registers nothing when the file is answered %j', async ResponseBody => {
    const { error: failure, calls } = await execute(REGISTER, () => ({ ResponseBody }), INPUT);

    expect([failure?.Error, calls]).toEqual(['Mlops.Failed', ['Register: rejected']]);
  });

  test('says what the Hub says of a repository that is not there', async () => {
    const { error: failure } = await execute(REGISTER, () => { throw error('States.Http.StatusCode.404', 'Repository not found'); }, INPUT);

    expect([failure?.Error, failure?.Cause]).toEqual(['Mlops.Failed', expect.stringContaining('Repository not found')]);
  });
});

describe('resolve', () => {
  test('yields where the model is, what serves it and what was decided', async () => {
    const hub = new Hub();
    const version = await registered(hub);

    expect((await execute(RESOLVE, hub.answer, { version })).output).toEqual({
      version, modelUri: 's3://acme/model.tar.gz', image: 'acme/image', status: 'PendingManualApproval', changedAt: hub.file(version).changedAt,
    });
  });

  test.each(['s3://acme/a b/ü%.tar.gz', 's3://acme/%41'])('yields the address %s as it was', async uri => {
    const hub = new Hub();
    const { output } = await register(hub, 'run', { uri, metrics: {} });

    expect((await execute(RESOLVE, hub.answer, output)).output.modelUri).toBe(uri);
  });

  test('knows the version that an event names by its tag, and when it was decided', async () => {
    const hub = new Hub();
    const version = await registered(hub);
    await execute(decide(ModelStatus.APPROVED), hub.answer, { version });

    const { output } = await execute(RESOLVE, hub.answer, { version: `refs/tags/approved.${version}`, at: '2031-01-01T00:00:00Z' });

    expect(output).toMatchObject({ version, status: 'Approved', changedAt: hub.file(`approved.${version}`).changedAt });
  });

  test('takes when it was told for when somebody else has made the tag', async () => {
    const hub = new Hub();
    const version = await registered(hub);
    hub.revisions[`approved.${version}`] = hub.revisions[version];

    expect((await execute(RESOLVE, hub.answer, { version, at: '2026-02-03T04:05:06Z' })).output).toMatchObject({ status: 'Approved', changedAt: '2026-02-03T04:05:06.000Z' });
    expect((await execute(RESOLVE, hub.answer, { version })).output.changedAt).toBe(hub.file(version).changedAt);
  });

  test('fails for a tag that stands on another version, and for a version that nobody can find', async () => {
    const hub = new Hub();
    const [version, other] = [await registered(hub), await registered(hub, 'run 2')];
    hub.revisions[`approved.${version}`] = hub.revisions[other];

    expect((await execute(RESOLVE, hub.answer, { version })).error?.Error).toBe('Mlops.Failed');
    expect((await execute(RESOLVE, hub.answer, { version: '../x' })).error).toEqual(expect.objectContaining({ Error: 'Mlops.Failed', Cause: expect.stringContaining('Invalid rev id') }));
  });
});

describe('set status', () => {
  test('commits why, takes the other decision back and tells at last', async () => {
    const hub = new Hub();
    const version = await registered(hub);
    await execute(decide(ModelStatus.REJECTED), hub.answer, { version });

    const { output, calls } = await execute(decide(ModelStatus.APPROVED, 'passed the gate'), hub.answer, { version });

    expect(output).toEqual({ version, status: 'Approved' });
    expect(calls).toEqual(['rejected', 'commit', 'unrejected', 'unapproved', 'tag'].map(name => `Decide: ${name}`));
    expect(hub.commits[2]).toMatchObject({ summary: `Set ${version} to Approved`, description: 'passed the gate' });
    expect(Object.keys(hub.revisions).filter(name => name.includes('.'))).toEqual([`approved.${version}`]);
    expect(hub.file(`approved.${version}`)).toEqual({ ...hub.file(version), status: 'Approved', changedAt: expect.anything() });
  });

  test('to pending takes every decision back', async () => {
    const hub = new Hub();
    const version = await registered(hub);
    await execute(decide(ModelStatus.APPROVED), hub.answer, { version: `refs/tags/approved.${version}` });

    expect((await execute(decide(ModelStatus.PENDING), hub.answer, { version })).output).toEqual({ version, status: 'PendingManualApproval' });
    expect(Object.keys(hub.revisions).filter(name => name.includes('.'))).toEqual([]);
    expect((await execute(RESOLVE, hub.answer, { version })).output.status).toBe('PendingManualApproval');
  });

  test('is unauthorized without the permission', async () => {
    expect((await execute(decide(ModelStatus.REJECTED), () => { throw error('States.Http.StatusCode.403', 'Forbidden'); }, { version: 'x' })).error?.Error).toBe('Mlops.Unauthorized');
  });
});

test('a decision is told from the webhook of its tag', () => {
  const { stack, registry } = made(it => ({ webhookSecret: held(it, 'webhooks') }));
  registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target: new targets.SqsQueue(new sqs.Queue(stack, 'Queue')) });
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::Events::Rule'));
  const { EventPattern, Targets } = render(Properties);

  expect(EventPattern).toEqual({
    source: ['mlops.webhook'],
    detail: {
      event: { scope: ['repo.content'], action: ['update'] }, repo: { type: ['model'], name: ['acme/fraud'] }, updatedRefs: { ref: [{ prefix: 'refs/tags/approved.' }], oldSha: [null] },
    },
  });
  expect(Targets[0].InputTransformer.InputTemplate).toMatch(/^\{"version":<[\w-]+>,"status":"Approved","at":<[\w-]+>\}$/);
  expect(Object.values(Targets[0].InputTransformer.InputPathsMap)).toEqual(['$.detail.updatedRefs[0].ref', '$.time']);
});

test('a client gets what the Hub\'s own client reads', () => {
  const { registry, stack } = made(() => ({ tokenField: 'token' }));
  const { probes, secrets, ...binding } = registry.bind(new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }));

  expect(binding).toEqual({
    provider: 'hugging-face', address: 'https://huggingface.co/acme/fraud', variables: { HF_ENDPOINT: 'https://huggingface.co', MLOPS_MODEL_REGISTRY: 'acme/fraud' },
  });
  expect(Object.keys(secrets!)).toEqual(['HF_TOKEN']);
  expect(probes!.map(({ shows, url }) => [shows, url])).toEqual([['alive', 'https://huggingface.co'], ['authorized', 'https://huggingface.co/api/whoami-v2']]);
});

test('nobody listens where nothing is told', () => {
  Template.fromStack(made().stack).resourceCountIs('AWS::ApiGatewayV2::Api', 0);
});

const REPOSITORY = "'repository' must be <namespace>/<name>, each of at most 96 letters, digits, '_', '-' and '.', got ";
test.each<[string, (stack: Stack) => Partial<HuggingFaceModelRegistryProps>]>([
  [`${REPOSITORY}'fraud'`, () => ({ repository: 'fraud' })],
  [`${REPOSITORY}'acme/a--b'`, () => ({ repository: 'acme/a--b' })],
  [`${REPOSITORY}'acme/..'`, () => ({ repository: 'acme/..' })],
  [`${REPOSITORY}'acme/it's'`, () => ({ repository: "acme/it's" })],
  ["'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://hub.acme.dev'", () => ({ url: 'http://hub.acme.dev' })],
  ["'webhookSecretField' must be left out without 'webhookSecret', got 'x'", () => ({ webhookSecretField: 'x' })],
])('%s', (message, props) => {
  expect(() => made(props)).toThrow(new Error(message));
});

test('events without a secret, and of a status that no tag holds, are refused', () => {
  const target = { bind: () => ({ arn: 'x' }) };

  expect(() => made().registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target })).toThrow(new Error(
    "'webhookSecret' of 'test/Registry' must name the secret that the Hub sends with its webhooks, got none: without it no change can be told",
  ));
  expect(() => made().registry.onStatusChanged('Waits', { status: ModelStatus.PENDING, target })).toThrow(
    "'status' must be ModelStatus.APPROVED or REJECTED, which the Hub tells by a tag, got 'PendingManualApproval'",
  );
});
