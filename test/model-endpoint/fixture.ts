import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { IS3ArtifactStore, S3ArtifactStore } from '../../lib';
import { error } from '../support/machine';

/** A stack `test` with an artifact store, new or in a bucket that exists. */
export function fixture(): { stack: Stack; store: IS3ArtifactStore } {
  const stack = new Stack(new App(), 'test');
  return { stack, store: new S3ArtifactStore(stack, 'Store') };
}

/** The template of a stack, after a state machine `Machine` of `definition` was added. */
export function withMachine(stack: Stack, definition: sfn.IChainable): Template {
  new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(definition), queryLanguage: sfn.QueryLanguage.JSONATA });
  return Template.fromStack(stack);
}

/** Answers a deploy step as SageMaker does: one endpoint, which takes some looks to get from one state to the next. */
export class FakeSageMaker {
  public readonly made: string[] = [];
  /** What becomes of the next create or update; a failed update rolls back. */
  public outcome: 'InService' | 'Failed' = 'InService';
  private path: string[] = [];
  private next?: string;

  constructor(public status?: string, public config?: string, private readonly looks: number = 2) {}

  public answer = (_name: string, request: any, resource: string): any => {
    const action = resource.split(':').pop()!;
    switch (action) {
      case 'createModel': return this.make(`model ${request.ModelName}`, { ModelArn: 'arn' });
      case 'createEndpointConfig': return this.make(`config ${request.EndpointConfigName}`, { EndpointConfigArn: 'arn' });
      case 'createEndpoint':
        this.move('Creating', request.EndpointConfigName);
        return { EndpointArn: 'arn' };
      case 'updateEndpoint':
        this.move('Updating', request.EndpointConfigName);
        return { EndpointArn: 'arn' };
      case 'deleteEndpoint':
        this.status = 'Deleting';
        this.path = ['Deleting', 'gone'];
        return {};
      case 'describeEndpoint': return this.describe(request.EndpointName);
      case 'invokeEndpoint': return { Body: '[1]' };
      default: throw new Error(action);
    }
  };

  private make(what: string, answer: object): object {
    if (this.made.includes(what)) throw error('SageMaker.SageMakerException', `Cannot create already existing ${what}`);
    this.made.push(what);
    return answer;
  }

  private move(through: string, config: string) {
    const updating = through === 'Updating';
    this.status = through;
    this.path = [...Array(this.looks).fill(through), ...this.outcome === 'Failed' && updating ? ['RollingBack', 'InService'] : [this.outcome]];
    this.next = this.outcome === 'InService' || !updating ? config : this.config;
    this.config ??= config;
  }

  private describe(EndpointName: string) {
    this.status = this.path.shift() ?? this.status;
    if (this.status === undefined || this.status === 'gone') throw error('SageMaker.SageMakerException', `Could not find endpoint "${EndpointName}"`);
    if (!this.path.length && this.next) this.config = this.next;
    return {
      EndpointName, EndpointArn: 'arn', EndpointStatus: this.status, EndpointConfigName: this.config,
      ...this.outcome === 'Failed' && !this.path.length && { FailureReason: 'the alarm fired' },
    };
  }
}
