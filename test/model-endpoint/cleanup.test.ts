import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { createServer, Server } from 'http';
import { AddressInfo } from 'net';
import { handler, sweep } from '../../constructs/model-endpoint/handlers/cleanup';

/** One account's endpoints, configs and models, by name; configs and models with the endpoint that they are tagged with. */
interface Account {
  endpoint?: { name: string; inProgress?: number };
  configs: { [name: string]: string | undefined };
  models: { [name: string]: string | undefined };
}

const refusal = (message: string) => Object.assign(new Error(message), { name: 'ValidationException' });

/** A client that answers from `account`, two entries a page, and records what was asked. */
function client(account: Account): { client: SageMakerClient; asked: string[] } {
  const asked: string[] = [];
  const page = (all: { [name: string]: any }, kind: string, { NameContains, NextToken }: any) => {
    const names = Object.keys(all).filter(name => name.includes(NameContains));
    const start = Number(NextToken ?? 0);
    const arns = names.slice(start, start + 2).map(name => ({ [`${kind}Name`]: name, [`${kind}Arn`]: `arn:${kind}/${name}` }));
    return { [`${kind}s`]: arns, NextToken: start + 2 < names.length ? String(start + 2) : undefined };
  };
  const remove = (all: { [name: string]: any }, name: string) => {
    if (!(name in all)) throw refusal(`Could not find "${name}"`);
    delete all[name];
  };
  const answers: { [command: string]: (input: any) => any } = {
    DeleteEndpointCommand: ({ EndpointName }) => {
      if (account.endpoint?.name !== EndpointName) throw refusal(`Could not find endpoint "${EndpointName}".`);
      if (account.endpoint!.inProgress) {
        account.endpoint!.inProgress!--;
        throw refusal(`Cannot update in-progress endpoint "${EndpointName}".`);
      }
      account.endpoint = undefined;
    },
    DescribeEndpointCommand: ({ EndpointName }) => { throw refusal(`Could not find endpoint "${EndpointName}".`); },
    ListEndpointConfigsCommand: input => page(account.configs, 'EndpointConfig', input),
    ListModelsCommand: input => page(account.models, 'Model', input),
    ListTagsCommand: ({ ResourceArn }) => {
      const [kind, name] = ResourceArn.replace('arn:', '').split('/');
      const endpoint = (kind === 'Model' ? account.models : account.configs)[name];
      return { Tags: endpoint === undefined ? [] : [{ Key: 'mlops:endpoint', Value: endpoint }] };
    },
    DeleteEndpointConfigCommand: ({ EndpointConfigName }) => remove(account.configs, EndpointConfigName),
    DeleteModelCommand: ({ ModelName }) => remove(account.models, ModelName),
  };
  const sagemaker = new SageMakerClient({ region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
  sagemaker.send = (async ({ constructor: { name }, input }: any) => {
    asked.push(name.replace('Command', ''));
    return answers[name](input) ?? {};
  }) as any;
  return { client: sagemaker, asked };
}

describe('sweep', () => {
  test('deletes the endpoint, and the configs and models that are named after it and tagged with it', async () => {
    const account: Account = {
      endpoint: { name: 'fraud' },
      configs: { 'fraud-1': 'fraud', 'fraud-2': 'fraud', 'fraud-3': 'fraud', 'fraud-eu-1': 'fraud-eu', 'fraud-by-hand': undefined, 'not-fraud-1': 'fraud' },
      models: { 'fraud-1': 'fraud', 'fraud-2': 'fraud', 'fraud-3': 'fraud', 'fraud-eu-1': 'fraud-eu' },
    };
    await sweep(client(account).client, 'fraud');

    expect(account).toEqual({
      endpoint: undefined, configs: { 'fraud-eu-1': 'fraud-eu', 'fraud-by-hand': undefined, 'not-fraud-1': 'fraud' }, models: { 'fraud-eu-1': 'fraud-eu' },
    });
  });

  test('deletes the endpoint first, and lists everything before it deletes the rest', async () => {
    const { client: sagemaker, asked } = client({ endpoint: { name: 'fraud' }, configs: { 'fraud-1': 'fraud' }, models: { 'fraud-1': 'fraud' } });
    await sweep(sagemaker, 'fraud');

    expect(asked).toEqual([
      'DeleteEndpoint', 'DescribeEndpoint', 'ListEndpointConfigs', 'ListModels', 'ListTags', 'DeleteEndpointConfig', 'ListTags', 'DeleteModel',
    ]);
  });

  test('a stack that never deployed has nothing to delete', async () => {
    const { client: sagemaker, asked } = client({ configs: {}, models: {} });
    await sweep(sagemaker, 'fraud');

    expect(asked).toEqual(['DeleteEndpoint', 'ListEndpointConfigs', 'ListModels']);
  });

  test('waits for an endpoint that a deployment still holds', async () => {
    const account: Account = { endpoint: { name: 'fraud', inProgress: 2 }, configs: {}, models: {} };
    const { client: sagemaker, asked } = client(account);
    await sweep(sagemaker, 'fraud', 0);

    expect(account.endpoint).toBeUndefined();
    expect(asked.filter(command => command === 'DeleteEndpoint')).toHaveLength(3);
  });

  test('what is gone in the meantime is no error', async () => {
    const { client: sagemaker } = client({ configs: { 'fraud-1': 'fraud' }, models: {} });
    const { send } = sagemaker;
    sagemaker.send = (async (command: any) => {
      if (command.constructor.name === 'ListTagsCommand') throw refusal('The resource does not exist');
      return (send as any).call(sagemaker, command);
    }) as any;

    await expect(sweep(sagemaker, 'fraud')).resolves.toBeUndefined();
  });

  test('any other refusal is one', async () => {
    const { client: sagemaker } = client({ configs: {}, models: {} });
    sagemaker.send = (async () => { throw Object.assign(new Error('User is not authorized to perform: sagemaker:DeleteEndpoint'), { name: 'AccessDeniedException' }); }) as any;

    await expect(sweep(sagemaker, 'fraud')).rejects.toThrow('not authorized to perform: sagemaker:DeleteEndpoint');
  });
});

describe('handler', () => {
  let server: Server;
  let answers: any[];
  let status: number;
  beforeAll(done => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', part => { body += part; });
      request.on('end', () => {
        answers.push({ method: request.method, ...JSON.parse(body) });
        response.writeHead(status).end();
      });
    }).listen(0, '127.0.0.1', done);
  });
  afterAll(done => { server.close(done); });
  beforeEach(() => { [answers, status] = [[], 200]; });
  afterEach(() => { jest.restoreAllMocks(); });

  const request = (RequestType: 'Create' | 'Update' | 'Delete', PhysicalResourceId?: string) => ({
    RequestType, PhysicalResourceId, ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Sweep',
    ResourceProperties: { EndpointName: 'fraud' },
  });
  const common = { method: 'PUT', Status: 'SUCCESS', StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Sweep' };

  test('does nothing at creation, and is known by the name of the endpoint', async () => {
    const send = jest.spyOn(SageMakerClient.prototype, 'send');
    await handler(request('Create'));

    expect(answers).toEqual([{ ...common, PhysicalResourceId: 'fraud' }]);
    expect(send).not.toHaveBeenCalled();
  });

  test('is another resource under another name, so that the endpoint of the old name is swept', async () => {
    await handler(request('Update', 'old-name'));

    expect(answers).toEqual([{ ...common, PhysicalResourceId: 'fraud' }]);
  });

  test('sweeps at deletion', async () => {
    const { client: sagemaker, asked } = client({ endpoint: { name: 'fraud' }, configs: {}, models: {} });
    jest.spyOn(SageMakerClient.prototype, 'send').mockImplementation(sagemaker.send as any);
    await handler(request('Delete', 'fraud'));

    expect(answers).toEqual([{ ...common, PhysicalResourceId: 'fraud' }]);
    expect(asked).toContain('DeleteEndpoint');
  });

  test('tells CloudFormation why it failed', async () => {
    jest.spyOn(console, 'error').mockImplementation(() => {});
    jest.spyOn(SageMakerClient.prototype, 'send').mockImplementation(async () => { throw new Error('no permission'); });
    await handler(request('Delete', 'fraud'));

    expect(answers).toEqual([{ ...common, Status: 'FAILED', Reason: 'fraud could not be deleted: no permission', PhysicalResourceId: 'fraud' }]);
  });

  test('fails when CloudFormation refuses the answer, so that Lambda tries again', async () => {
    status = 403;

    await expect(handler(request('Create'))).rejects.toThrow(new Error('CloudFormation refused the answer: HTTP 403'));
  });
});
