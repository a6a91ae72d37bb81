import { createHash } from 'crypto';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, DeployableOpenInferenceEndpoint, IDeployableEndpoint, IModelEndpoint, OpenInferenceEndpoint, S3ArtifactStore } from '../../lib';
import { error, execute } from '../support/machine';
import { allowed, definition, resource, resourcesOf } from '../support/template';
import { fixture, withMachine } from './fixture';

const versionOf = (version: string) => createHash('sha256').update(version).digest('hex').slice(0, 12);

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

describe('infer', () => {
  const stack = new Stack(new App(), 'test');
  const endpoint: IModelEndpoint = new OpenInferenceEndpoint(stack, 'Endpoint', { url: 'https://models.acme.dev/v1/', model: 'fraud' });
  const template = withMachine(stack, endpoint.infer(stack, 'Predict', { instances: '{% $states.context.Execution.Input.rows %}' }));

  test.each([
    [[[1, 2, 3], [4, 5, 6]], [2, 3], [1, 2, 3, 4, 5, 6]],
    [[[1, 2]], [1, 2], [1, 2]],
    [[[7], [8]], [2, 1], [7, 8]],
    [[[7]], [1, 1], [7]],
  ])('sends %j as one tensor', async (rows, shape, data) => {
    const requests: any[] = [];
    const { output } = await execute(definition(template, 'Machine'), (_name, request) => {
      requests.push(request);
      return { StatusCode: 200, ResponseBody: { outputs: [{ name: 'predict', datatype: 'INT64', shape: [rows.length, 1], data: rows.map((_, index) => index) }] } };
    }, { rows });

    expect(requests).toEqual([{
      ApiEndpoint: 'https://models.acme.dev/v1/v2/models/fraud/infer', Method: 'POST', Authentication: { ConnectionArn: expect.stringMatching(/^<EndpointConnection/) },
      RequestBody: { inputs: [{ name: 'input-0', datatype: 'FP64', shape, data }] },
    }]);
    expect(output).toEqual({ predictions: rows.map((_, index) => index) });
  });

  test('may call this one server, by the path and the method', () => {
    expect(allowed(template, 'MachineRole').find(({ actions }) => actions.includes('states:InvokeHTTPEndpoint'))).toEqual({
      actions: ['states:InvokeHTTPEndpoint'], resources: ['arn:aws:states:us-east-1:000000000000:stateMachine:*'],
      condition: { StringLike: { 'states:HTTPEndpoint': 'https://models.acme.dev/v1/*' }, StringEquals: { 'states:HTTPMethod': 'POST' } },
    });
    expect(resourcesOf(template, 'MachineRole', 'events:RetrieveConnectionCredentials')).toEqual([expect.stringMatching(/^<EndpointConnection.*\.Arn>$/)]);
  });

  test.each([['text', '<html>'], ['another JSON', { error: 'x' }]])('an answer that is %s is Mlops.Failed', async (_kind, body) => {
    const { error: failure } = await execute(definition(template, 'Machine'), () => ({ StatusCode: 200, ResponseBody: body }), { rows: [[1]] });

    expect(failure).toEqual({ Error: 'Mlops.Failed', Cause: expect.stringContaining('Predict: States.QueryEvaluationError') });
  });

  test('a server that refuses is Mlops.Unauthorized, one that is down Mlops.Failed, one that has enough Mlops.Throttled', async () => {
    const failure = async (name: string) => (await execute(definition(template, 'Machine'), () => { throw error(name, 'no'); }, { rows: [[1]] })).error?.Error;

    expect(await failure('States.Http.StatusCode.401')).toBe('Mlops.Unauthorized');
    expect(await failure('States.Http.StatusCode.503')).toBe('Mlops.Failed');
    expect(await failure('States.Http.StatusCode.429')).toBe('Mlops.Throttled');
  });
});

describe('deploy', () => {
  const { stack, store } = fixture();
  const repository = S3ArtifactStore.fromBucket(stack, 'Repository', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'acme-models'), prefix: 'live/' });
  const endpoint: IDeployableEndpoint = new DeployableOpenInferenceEndpoint(stack, 'Endpoint', { url: 'https://models.acme.dev', model: 'fraud', repository });
  const template = withMachine(stack, endpoint.deploy(stack, 'Deploy', {
    version: '{% $states.context.Execution.Input.version %}', modelUri: '{% $states.context.Execution.Input.modelUri %}', store, sample: [[1, 2]],
  }));
  const input = { version: 'arn:aws:sagemaker:us-east-1:000000000000:model-package/fraud/3', modelUri: 's3://acme-ml/training/run-1/output/model.tar.gz' };

  /** Runs the step against a server that has the version after some looks; returns what each call got. */
  async function deploy(looks: number, answer: () => any = () => ({ ResponseBody: { outputs: [{ data: [1] }] } })) {
    const requests: { [name: string]: any } = {};
    let settings: any;
    const execution = await execute(definition(template, 'Machine'), (name, request) => {
      requests[name.replace('Deploy: ', '')] = request;
      if (name.endsWith('described')) settings = JSON.parse(request.Body);
      if (name.endsWith('ready')) return { ResponseBody: { name: 'fraud', versions: looks-- > 0 ? ['old'] : ['old', settings.parameters.version] } };
      return name.endsWith('answered') ? answer() : {};
    }, input);
    return { execution, requests, settings };
  }

  test('puts the version into the repository, has the server load it, waits for it and tries it', async () => {
    const { execution, requests, settings } = await deploy(2);

    expect(execution.calls.map(call => call.replace('Deploy: ', ''))).toEqual(['copied', 'described', 'loaded', 'ready', 'ready', 'ready', 'answered']);
    expect(execution.output).toEqual({ endpoint: 'https://models.acme.dev', version: input.version });
    expect(requests.copied).toEqual({ Bucket: 'acme-models', Key: 'live/fraud/model.tar.gz', CopySource: 'acme-ml/training/run-1/output/model.tar.gz' });
    expect(requests.described).toMatchObject({ Bucket: 'acme-models', Key: 'live/fraud/model-settings.json', ContentType: 'application/json' });
    expect(settings).toEqual({ name: 'fraud', implementation: 'mlserver_sklearn.SKLearnModel', parameters: { uri: './model.tar.gz', version: expect.stringMatching(/^[0-9a-f]{12}$/) } });
    expect(requests.loaded).toMatchObject({ ApiEndpoint: 'https://models.acme.dev/v2/repository/models/fraud/load', Method: 'POST', RequestBody: {} });
    expect(requests.ready).toMatchObject({ ApiEndpoint: 'https://models.acme.dev/v2/models/fraud', Method: 'GET' });
    expect(requests.answered.RequestBody.inputs[0]).toMatchObject({ shape: [1, 2], data: [1, 2] });
  });

  test('fails when the version does not answer', async () => {
    const { execution } = await deploy(0, () => { throw error('States.Http.StatusCode.500', 'boom'); });

    expect(execution.error).toEqual({ Error: 'Mlops.Failed', Cause: expect.stringMatching(/^Deploy: States.Http.StatusCode.500: boom/) });
  });

  test.each(['ready', 'answered'])('fails when the answer of %s is no JSON', async broken => {
    const { error: failure } = await execute(definition(template, 'Machine'), name => name.endsWith(broken) ? { ResponseBody: '{"outputs": [{"da' }
      : name.endsWith('ready') ? { ResponseBody: { versions: [versionOf(input.version)] } } : {}, input);

    expect(failure?.Error).toBe('Mlops.Failed');
  });

  test('may read models, write into the repository, and nothing else', () => {
    expect(resourcesOf(template, 'MachineRole', 's3:GetObject')).toEqual([expect.stringMatching(/^<Store.*\.Arn>\/training\/\*$/)]);
    expect(resourcesOf(template, 'MachineRole', 's3:PutObject')).toEqual(['arn:aws:s3:::acme-models/live/fraud/*']);
  });
});

describe('binding', () => {
  const stack = new Stack(new App(), 'test');
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/models');
  const client = new iam.Role(stack, 'Client', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });

  test('without a credential', () => {
    const endpoint = new OpenInferenceEndpoint(stack, 'Open', { url: 'https://models.acme.dev/', model: 'fraud' });

    expect(endpoint.bind(client)).toEqual({
      provider: 'open-inference', address: 'https://models.acme.dev', variables: { MLOPS_INFERENCE_URL: 'https://models.acme.dev', MLOPS_INFERENCE_MODEL: 'fraud' }, secrets: {},
      probes: [{ shows: 'alive', url: 'https://models.acme.dev/v2/health/live' }],
    });
  });

  test('with a credential, by reference', () => {
    const endpoint = new OpenInferenceEndpoint(stack, 'Closed', { url: 'https://models.acme.dev', model: 'fraud', auth: Auth.basic('ml', secret, 'password') });
    const { variables, secrets } = endpoint.bind(client);

    expect(variables.MLOPS_INFERENCE_USERNAME).toBe('ml');
    expect(Object.values(secrets!)).toEqual([{ secret, field: 'password' }]);
  });

  test('a connection carries the credential, as a reference that only CloudFormation resolves', () => {
    const endpoint = new OpenInferenceEndpoint(stack, 'Used', { url: 'https://models.acme.dev', model: 'fraud', auth: Auth.basic('ml', secret, 'password') });
    const template = withMachine(stack, endpoint.infer(stack, 'Predict', { instances: [[1]] }));

    expect(resource(template, 'AWS::Events::Connection', 'Used').Properties).toMatchObject({
      AuthorizationType: 'BASIC', AuthParameters: { BasicAuthParameters: { Username: 'ml', Password: expect.stringMatching(/^\{\{resolve:secretsmanager:.*acme\/models:SecretString:password::\}\}$/) } },
    });
  });

  test('a server on this machine is for the laptop, which a warning says', () => {
    new OpenInferenceEndpoint(stack, 'Local', { url: 'http://127.0.0.1:8080', model: 'fraud' });

    Annotations.fromStack(stack).hasWarning('/test/Local', Match.stringLikeRegexp("'http://127.0.0.1:8080' is on this machine: the template is for the local target, not for AWS"));
  });
});

describe('bad props', () => {
  const { stack, store } = fixture();

  test.each<[string, any, string]>([
    ['Http', { url: 'http://models.acme.dev' }, "'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'http://models.acme.dev'"],
    ['Model', { model: 'a/b' }, "'model' must be at most 63 letters, digits, _, . and -, got 'a/b'"],
    ['Runtime', { implementation: 'sk learn' }, "'implementation' must be a Python class by its dotted name, such as 'mlserver_sklearn.SKLearnModel', got 'sk learn'"],
  ])('%s', (id, props, message) => {
    expect(() => new DeployableOpenInferenceEndpoint(stack, id, { url: 'https://models.acme.dev', model: 'fraud', repository: store, ...props })).toThrow(new Error(message));
  });

  test('an endpoint without a repository is no deployable one', () => {
    expect('deploy' in new OpenInferenceEndpoint(stack, 'Fixed', { url: 'https://models.acme.dev', model: 'fraud' })).toBe(false);
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 0);
  });
});
