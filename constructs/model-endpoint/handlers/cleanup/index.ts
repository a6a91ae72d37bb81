import {
  DeleteEndpointCommand, DeleteEndpointConfigCommand, DeleteModelCommand, ListTagsCommand, paginateListEndpointConfigs, paginateListModels, SageMakerClient, waitUntilEndpointDeleted,
} from '@aws-sdk/client-sagemaker';

/** A request of CloudFormation to a custom resource. */
interface Request {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: { readonly EndpointName: string };
}

/** Seconds for the endpoint to go; the function has 14 minutes, for all of it. */
const PATIENCE = 660;

/**
 * Deletes the endpoint `endpointName`, and the configs and models that its deploy step made for it: those named after it
 * and tagged with it. What is gone already is no error.
 * @param pause seconds between two attempts to delete an endpoint that a deployment still holds
 */
export async function sweep(client: SageMakerClient, endpointName: string, pause: number = 10): Promise<void> {
  await deleteEndpoint(client, endpointName, pause);
  const NameContains = `${endpointName}-`;
  // Listed to the end before the first one is deleted, so that no page shifts.
  const found: Found[] = [];
  for await (const { EndpointConfigs = [] } of paginateListEndpointConfigs({ client }, { NameContains })) {
    found.push(...EndpointConfigs.map(({ EndpointConfigName, EndpointConfigArn }) => ({
      name: EndpointConfigName!, arn: EndpointConfigArn!, remove: () => client.send(new DeleteEndpointConfigCommand({ EndpointConfigName })),
    })));
  }
  for await (const { Models = [] } of paginateListModels({ client }, { NameContains })) {
    found.push(...Models.map(({ ModelName, ModelArn }) => ({ name: ModelName!, arn: ModelArn!, remove: () => client.send(new DeleteModelCommand({ ModelName })) })));
  }
  for (const { name, arn, remove } of found) {
    if (name.startsWith(NameContains)) await ignoreMissing(async () => await isOf(client, endpointName, arn) && await remove());
  }
}

/** A config or model that may be the endpoint's. */
interface Found {
  readonly name: string;
  readonly arn: string;
  remove(): Promise<unknown>;
}

async function deleteEndpoint(client: SageMakerClient, EndpointName: string, pause: number): Promise<void> {
  const deadline = Date.now() + PATIENCE * 1000;
  for (;;) {
    try {
      if (!await ignoreMissing(() => client.send(new DeleteEndpointCommand({ EndpointName })))) return;
      break;
    } catch (error) {
      // An endpoint that is being created or updated cannot be deleted yet.
      if (!/in-progress/i.test((error as Error).message) || Date.now() > deadline) throw error;
      await new Promise(resolve => setTimeout(resolve, pause * 1000));
    }
  }
  await waitUntilEndpointDeleted({ client, maxWaitTime: Math.max(60, (deadline - Date.now()) / 1000), minDelay: 2, maxDelay: 15 }, { EndpointName });
}

async function isOf(client: SageMakerClient, endpointName: string, arn: string): Promise<boolean> {
  const { Tags = [] } = await client.send(new ListTagsCommand({ ResourceArn: arn }));
  return Tags.some(({ Key, Value }) => Key === 'mlops:endpoint' && Value === endpointName);
}

/** Whether there was something to delete. */
async function ignoreMissing(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request();
    return true;
  } catch (error) {
    if (/could not find|not found|does not exist/i.test((error as Error).message)) return false;
    throw error;
  }
}

/** Answers CloudFormation; only a deletion does anything. */
export async function handler(request: Request): Promise<void> {
  let reason: string | undefined;
  try {
    if (request.RequestType === 'Delete') await sweep(new SageMakerClient({}), request.ResourceProperties.EndpointName);
  } catch (error) {
    console.error(error);
    reason = `${request.ResourceProperties.EndpointName} could not be deleted: ${(error as Error).message}`;
  }
  const { StackId, RequestId, LogicalResourceId } = request;
  const answer = await fetch(request.ResponseURL, {
    method: 'PUT',
    headers: { 'content-type': '' },
    body: JSON.stringify({
      Status: reason === undefined ? 'SUCCESS' : 'FAILED', Reason: reason, StackId, RequestId, LogicalResourceId,
      // Another name is another resource: CloudFormation then has the endpoint of the old name swept.
      PhysicalResourceId: request.RequestType === 'Delete' ? request.PhysicalResourceId : request.ResourceProperties.EndpointName,
    }),
  });
  if (!answer.ok) throw new Error(`CloudFormation refused the answer: HTTP ${answer.status}`);
}
