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

/**
 * Deletes the endpoint `endpointName`, and the configs and models that its deploy step made for it: those named after it
 * and tagged with it. What is gone already is no error.
 */
export async function sweep(client: SageMakerClient, endpointName: string): Promise<void> {
  if (await ignoreMissing(client.send(new DeleteEndpointCommand({ EndpointName: endpointName })))) {
    await waitUntilEndpointDeleted({ client, maxWaitTime: 780, minDelay: 2, maxDelay: 15 }, { EndpointName: endpointName });
  }
  const prefix = `${endpointName}-`;
  for await (const { EndpointConfigs = [] } of paginateListEndpointConfigs({ client }, { NameContains: prefix })) {
    for (const { EndpointConfigName, EndpointConfigArn } of EndpointConfigs) {
      if (await made(client, endpointName, EndpointConfigName!, EndpointConfigArn!)) await ignoreMissing(client.send(new DeleteEndpointConfigCommand({ EndpointConfigName })));
    }
  }
  for await (const { Models = [] } of paginateListModels({ client }, { NameContains: prefix })) {
    for (const { ModelName, ModelArn } of Models) {
      if (await made(client, endpointName, ModelName!, ModelArn!)) await ignoreMissing(client.send(new DeleteModelCommand({ ModelName })));
    }
  }
}

async function made(client: SageMakerClient, endpointName: string, name: string, arn: string): Promise<boolean> {
  if (!name.startsWith(`${endpointName}-`)) return false;
  const { Tags = [] } = await client.send(new ListTagsCommand({ ResourceArn: arn }));
  return Tags.some(({ Key, Value }) => Key === 'mlops:endpoint' && Value === endpointName);
}

/** Whether there was something to delete. */
async function ignoreMissing(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
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
      PhysicalResourceId: request.PhysicalResourceId ?? request.ResourceProperties.EndpointName,
    }),
  });
  if (!answer.ok) throw new Error(`CloudFormation refused the answer: HTTP ${answer.status}`);
}
