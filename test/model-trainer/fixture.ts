import { App, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Template } from 'aws-cdk-lib/assertions';
import { IArtifactStore, IModelTrainer, S3ArtifactStore, TrainOptions } from '../../lib';
import { error, execute } from '../support/machine';
import { definition } from '../support/template';

/** A stack with a store in a bucket that exists. */
export function setting(): { stack: Stack; artifactStore: IArtifactStore } {
  const stack = new Stack(new App(), 'test');
  return { stack, artifactStore: S3ArtifactStore.fromBucket(stack, 'Store', { bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'acme-data') }) };
}

/** A template with one machine, which trains. */
export function training(stack: Stack, trainer: IModelTrainer, options: TrainOptions = {}): Template {
  const step = trainer.train(stack, 'Train', options);
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(step), queryLanguage: sfn.QueryLanguage.JSONATA });
  return Template.fromStack(stack);
}

/** Answers of a service, by `<method> <path>`, in order, the last one for good: a body, or the status of a refusal and its body. */
export type Service = { [request: string]: (object | string | [number, string])[] };

/** What one execution asks `service`, which leaves `left` in the store, and what comes of it. */
export async function trained(template: Template, service: Service, left: object = { modelUri: 's3://acme-data/m', metrics: { f1: 0.9 } }, input: object = {}) {
  const requests: any[] = [];
  const answers = Object.fromEntries(Object.entries(service).map(([request, all]) => [request, [...all]]));
  const run = await execute(definition(template), (_name, { ApiEndpoint, Method, Authentication: _authentication, ...request }, resource) => {
    if (!resource.endsWith('http:invoke')) return { Body: JSON.stringify(left) };
    const asked = `${Method} ${new URL(ApiEndpoint).pathname}`;
    requests.push({ asked, ...request });
    const possible = answers[asked];
    const answer = possible.length > 1 ? possible.shift() : possible[0];
    if (Array.isArray(answer)) throw error(`States.Http.StatusCode.${answer[0]}`, answer[1]);
    return { StatusCode: 200, ResponseBody: answer };
  }, { runId: 'monday', ...input });
  return { requests, ...run };
}
