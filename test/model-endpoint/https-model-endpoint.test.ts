import { App, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Template } from 'aws-cdk-lib/assertions';
import { Auth, HttpsModelEndpoint, HttpsModelEndpointProps, IModelEndpoint } from '../../lib';
import { execute } from '../support/machine';
import { allowed, definition } from '../support/template';
import { withMachine } from './fixture';

beforeEach(() => { jest.useFakeTimers({ now: Date.parse('2026-01-01') }); });
afterEach(() => { jest.useRealTimers(); });

function serving(props: Partial<HttpsModelEndpointProps>, instances: any = '{% $states.context.Execution.Input.rows %}'): Template {
  const stack = new Stack(new App(), 'test');
  const endpoint: IModelEndpoint = new HttpsModelEndpoint(stack, 'Endpoint', { url: 'https://models.acme.dev', ...props });
  return withMachine(stack, endpoint.infer(stack, 'Predict', { instances }));
}

/** What is asked, and what comes of `answer`. */
async function ask(template: Template, answer: any, rows: any) {
  const requests: any[] = [];
  const { output, error } = await execute(definition(template, 'Machine'), (_name, request) => {
    requests.push(request);
    return { StatusCode: 200, ResponseBody: answer };
  }, { rows });
  return { requests, output, error };
}

describe('infer, by the mapping of', () => {
  test('nobody in particular: rows in `instances`, predictions in `predictions`', async () => {
    const { requests, output } = await ask(serving({}), { predictions: [0, 1] }, [[1, 2], [3, 4]]);

    expect(requests).toEqual([{
      ApiEndpoint: 'https://models.acme.dev/', Method: 'POST', Authentication: { ConnectionArn: expect.stringMatching(/^<EndpointConnection/) }, RequestBody: { instances: [[1, 2], [3, 4]] },
    }]);
    expect(output).toEqual({ predictions: [0, 1] });
  });

  test("MLflow's scoring server", async () => {
    const { requests, output } = await ask(serving({ path: '/invocations', request: { inputs: '{% $instances %}' } }, [[5, 6]]), { predictions: [0.5] }, undefined);

    expect(requests).toMatchObject([{ ApiEndpoint: 'https://models.acme.dev/invocations', RequestBody: { inputs: [[5, 6]] } }]);
    expect(output).toEqual({ predictions: [0.5] });
  });

  test('an OpenAI-compatible server, one embedding a text', async () => {
    const template = serving({
      url: 'https://llm.acme.dev/v1', path: '/embeddings', request: { model: 'small', input: '{% $instances %}' }, predictions: '{% $map($states.result.ResponseBody.data, function($it) { $it.embedding })[] %}',
    });

    const { requests, output } = await ask(template, { object: 'list', data: [{ index: 0, embedding: [0.1, 0.2] }, { index: 1, embedding: [0.3, 0.4] }] }, ['good', 'bad']);

    expect(requests).toMatchObject([{ ApiEndpoint: 'https://llm.acme.dev/v1/embeddings', RequestBody: { model: 'small', input: ['good', 'bad'] } }]);
    expect(output).toEqual({ predictions: [[0.1, 0.2], [0.3, 0.4]] });
    expect((await ask(template, { object: 'list', data: [{ index: 0, embedding: [0.1, 0.2] }] }, ['good'])).output).toEqual({ predictions: [[0.1, 0.2]] });
  });
});

test('an answer without predictions is a failure, not an empty result', async () => {
  const { error } = await ask(serving({}), { detail: 'no such model' }, [[1]]);

  expect(error).toEqual({ Error: 'Mlops.Failed', Cause: expect.stringContaining('Predict: ') });
});

test('may call this one service, and binds clients to it', () => {
  const stack = new Stack(new App(), 'test');
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/models');
  const endpoint = new HttpsModelEndpoint(stack, 'Endpoint', { url: 'https://models.acme.dev', path: '/score', auth: Auth.basic('ml', secret, 'password') });
  const template = withMachine(stack, endpoint.infer(stack, 'Predict', { instances: [[1]] }));

  expect(allowed(template, 'MachineRole').find(({ actions }) => actions.includes('states:InvokeHTTPEndpoint'))?.condition).toEqual({
    StringLike: { 'states:HTTPEndpoint': 'https://models.acme.dev/*' }, StringEquals: { 'states:HTTPMethod': 'POST' },
  });
  expect(endpoint.bind(new iam.Role(stack, 'Client', { assumedBy: new iam.AccountRootPrincipal() }))).toEqual({
    provider: 'https', address: 'https://models.acme.dev', variables: { MLOPS_INFERENCE_URL: 'https://models.acme.dev/score', MLOPS_INFERENCE_USERNAME: 'ml' },
    secrets: { MLOPS_INFERENCE_CREDENTIAL: { secret, field: 'password' } },
    probes: [{ shows: 'alive', url: 'https://models.acme.dev' }, { shows: 'authorized', url: 'https://models.acme.dev', basic: 'ml:${MLOPS_INFERENCE_CREDENTIAL}' }],
  });
});

describe('each bad input is refused with one line', () => {
  test.each<[Partial<HttpsModelEndpointProps>, string]>([
    [{ path: 'score' }, "'path' must be a path from the '/', without query or fragment, got 'score'"],
    [{ predictions: 'predictions' }, "'predictions' must be JSONata, {% ... %}, got 'predictions'"],
    [{ predictions: '{% %}' }, "'predictions' must be JSONata, {% ... %}, got '{% %}': Unexpected end of expression"],
    [{ predictions: '{% [1, %}' }, "'predictions' must be JSONata, {% ... %}, got '{% [1, %}': Expected \"]\" before end of expression"],
    [{ request: { rows: ['{% $instances[ %}'] } }, `'request' must be JSON, with JSONata in {% ... %}, got {"rows":["{% $instances[ %}"]}: Expected "]" before end of expression`],
    [{ request: { at: new Date(0) } }, `'request' must be JSON, with JSONata in {% ... %}, got {"at":"1970-01-01T00:00:00.000Z"}`],
    [{ url: 'models.acme.dev' }, "'url' must be an https:// URL without credentials, query or fragment (http:// only for loopback addresses), got 'models.acme.dev'"],
  ])('%j', (props, message) => {
    expect(() => serving(props)).toThrow(new Error(message));
  });
});
