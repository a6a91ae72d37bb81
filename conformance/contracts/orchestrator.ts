import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { Step } from '../../constructs/core';
import { IOrchestrator, RunChangedOptions } from '../../constructs/orchestrator/orchestrator';
import { Contract, given, TIMEOUT } from '../contract';
import { StandIn } from '../stand-in';

/** The pipeline that the suite runs: an orchestrator that knows its pipelines must know this one. */
export const PIPELINE = 'conformance';

const RAN = ['run', 'output'];
const INSPECTED = ['run', 'name', 'status', 'error', 'cause'];
const CHANGED = ['run', 'pipeline', 'status', 'at'];

class StandInOrchestrator extends StandIn implements IOrchestrator {
  public run(scope: Construct, id: string): Step {
    return this.step(scope, id, RAN);
  }

  public inspect(scope: Construct, id: string): Step {
    return this.step(scope, id, INSPECTED);
  }

  public onRunChanged(id: string, { target }: RunChangedOptions): events.Rule {
    return this.rule(id, CHANGED, target);
  }
}

export const ORCHESTRATOR: Contract<IOrchestrator> = {
  component: 'orchestrator',
  standIn: scope => new StandInOrchestrator(scope, 'StandIn'),
  verbs: {
    run: {
      step: (orchestrator, scope, id) => orchestrator.run(scope, id, { pipeline: PIPELINE, input: { data: given('data') }, timeout: TIMEOUT }),
      request: ['data'], result: RAN, keyed: true,
    },
    inspect: {
      step: (orchestrator, scope, id) => orchestrator.inspect(scope, id, { run: given('run'), timeout: TIMEOUT }),
      request: ['run'], result: INSPECTED,
    },
  },
  events: {
    onRunChanged: { rule: (orchestrator, id, target) => orchestrator.onRunChanged(id, { target }), payload: CHANGED },
  },
};
