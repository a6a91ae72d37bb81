import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import {
  CloudWatchModelMonitor, DeployableSageMakerEndpoint, IArtifactStore, ModelLoop, ModelLoopProps, S3ArtifactStore, SageMakerModelRegistry, SageMakerModelTrainer, SnsAlerter,
  StepFunctionsOrchestrator,
} from '../../lib';
import { error } from '../support/machine';

/** The parts of a loop, all on AWS, in a stack `test`. */
export function parts(): { stack: Stack; store: IArtifactStore; props: ModelLoopProps } {
  const stack = new Stack(new App(), 'test');
  const store = new S3ArtifactStore(stack, 'Store');
  const props = {
    store,
    trainer: new SageMakerModelTrainer(stack, 'Trainer', { artifactStore: store }),
    registry: new SageMakerModelRegistry(stack, 'Registry'),
    endpoint: new DeployableSageMakerEndpoint(stack, 'Endpoint', { artifactStore: store, endpointName: 'fraud' }),
    orchestrator: new StepFunctionsOrchestrator(stack, 'Orchestrator'),
    alerter: new SnsAlerter(stack, 'Alerter'),
    training: { inputs: { train: store.uriFor('data/train/') }, metrics: ['f1'] },
  };
  return { stack, store, props };
}

/** The template of a stack with a loop, `made` of other parts. */
export function looped(more: Partial<ModelLoopProps> = {}, made: (stack: Stack) => Partial<ModelLoopProps> = () => ({})): Template {
  const { stack, props } = parts();
  new ModelLoop(stack, 'Loop', { ...props, ...more, ...made(stack) });
  return Template.fromStack(stack);
}

/** The template of a stack with a loop that a monitor watches. */
export function monitored(): Template {
  const { stack, props } = parts();
  new ModelLoop(stack, 'Loop', { ...props, monitor: new CloudWatchModelMonitor(stack, 'Monitor', { endpoint: props.endpoint as DeployableSageMakerEndpoint }) });
  return Template.fromStack(stack);
}

/** One item of a DynamoDB table, with the update and condition expressions that the loop uses. */
export class FakeItem {
  public item?: { [name: string]: { S: string } };

  public answer(request: any, resource: string): any {
    return resource.endsWith('getItem') ? { Item: this.item } : this.update(request);
  }

  private update({ UpdateExpression, ConditionExpression, ExpressionAttributeValues: values }: any): object {
    const read = (term: string): string | undefined => term.startsWith(':') ? values[term].S : this.item?.[term]?.S;
    const holds = (condition: string): boolean => {
      const missing = /^attribute_not_exists\((\w+)\)$/.exec(condition);
      if (missing) return read(missing[1]) === undefined;
      const [, left, operator, right] = /^(\w+) (=|<) (:\w+)$/.exec(condition)!;
      const [a, b] = [read(left), read(right)!];
      return a !== undefined && (operator === '=' ? a === b : a < b);
    };
    const or = (condition: string) => condition.split(' OR ').some(holds);
    const all = /^(.+?) AND \((.+)\)$/.exec(ConditionExpression);
    if (!(all ? holds(all[1]) && or(all[2]) : or(ConditionExpression))) throw error('DynamoDB.ConditionalCheckFailedException', 'The conditional request failed');
    const set = /^SET (\w+) = (:\w+)$/.exec(UpdateExpression);
    const removed = /^REMOVE (\w+)$/.exec(UpdateExpression);
    if (set) this.item = { ...this.item, id: { S: 'turn' }, [set[1]]: values[set[2]] };
    if (removed) delete this.item![removed[1]];
    return {};
  }
}
