import * as events from 'aws-cdk-lib/aws-events';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Step } from '../../constructs/core';
import { IOrchestrator, IPipelineOrchestrator, RunChangedOptions } from '../../constructs/orchestrator/orchestrator';
import { Contract, given, TIMEOUT } from '../contract';
import { StandIn } from '../stand-in';

/** The pipeline that the suite runs: an orchestrator that knows its pipelines must know this one. */
export const PIPELINE = 'conformance';

const RAN = ['run', 'output'];
const INSPECTED = ['run', 'name', 'status', 'error', 'cause'];
const CANCELLED = ['run'];
const CHANGED = ['run', 'pipeline', 'status', 'at'];

class StandInOrchestrator extends StandIn implements IPipelineOrchestrator {
  public run(scope: Construct, id: string): Step {
    return this.step(scope, id, RAN);
  }

  public inspect(scope: Construct, id: string): Step {
    return this.step(scope, id, INSPECTED);
  }

  public cancel(scope: Construct, id: string): Step {
    return this.step(scope, id, CANCELLED);
  }

  public addPipeline(name: string): sfn.StateMachine {
    return new sfn.StateMachine(this, name, { definitionBody: sfn.DefinitionBody.fromChainable(new sfn.Pass(this, `${name}Pass`)) });
  }

  public onRunChanged(id: string, { target }: RunChangedOptions): events.Rule {
    return this.rule(id, CHANGED, target);
  }
}

/** The verbs of every orchestrator. */
const ORCHESTRATOR_BASE = {
  component: 'orchestrator',
  standIn: (scope: Construct) => new StandInOrchestrator(scope, 'StandIn'),
  verbs: {
    run: {
      step: (orchestrator, scope, id) => orchestrator.run(scope, id, {
        pipeline: PIPELINE, input: { data: given('data') }, result: { model: '{% $output.model %}' }, timeout: TIMEOUT,
      }),
      request: ['data'], result: [...RAN, 'model'], keyed: true,
    },
    inspect: {
      step: (orchestrator, scope, id) => orchestrator.inspect(scope, id, { run: given('run'), timeout: TIMEOUT }),
      request: ['run'], result: INSPECTED,
    },
    cancel: {
      step: (orchestrator, scope, id) => orchestrator.cancel(scope, id, { run: given('run'), timeout: TIMEOUT }),
      request: ['run'], result: CANCELLED,
    },
  } satisfies Contract<IOrchestrator>['verbs'],
};

export const ORCHESTRATOR: Contract<IOrchestrator> = { ...ORCHESTRATOR_BASE, events: {} };

export const PIPELINE_ORCHESTRATOR: Contract<IPipelineOrchestrator> = {
  ...ORCHESTRATOR_BASE,
  events: {
    onRunChanged: { rule: (orchestrator, id, target) => orchestrator.onRunChanged(id, { target }), payload: CHANGED },
  },
};
