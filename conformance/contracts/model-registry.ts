import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { Step } from '../../constructs/core';
import { IModelRegistry, ModelStatus, StatusChangedOptions } from '../../constructs/model-registry/model-registry';
import { Contract, given, TIMEOUT } from '../contract';
import { StandIn } from '../stand-in';

const REGISTERED = ['version', 'status'];
const RESOLVED = ['version', 'modelUri', 'image', 'status', 'changedAt'];
const DECIDED = ['version', 'status'];
const CHANGED = ['version', 'status', 'at'];

class StandInModelRegistry extends StandIn implements IModelRegistry {
  public register(scope: Construct, id: string): Step {
    return this.step(scope, id, REGISTERED);
  }

  public resolve(scope: Construct, id: string): Step {
    return this.step(scope, id, RESOLVED);
  }

  public setStatus(scope: Construct, id: string): Step {
    return this.step(scope, id, DECIDED);
  }

  public onStatusChanged(id: string, { target }: StatusChangedOptions): events.Rule {
    return this.rule(id, CHANGED, target);
  }
}

export const MODEL_REGISTRY: Contract<IModelRegistry> = {
  component: 'model-registry',
  standIn: scope => new StandInModelRegistry(scope, 'StandIn'),
  verbs: {
    register: {
      step: (registry, scope, id) => registry.register(scope, id, {
        modelUri: given('modelUri'), image: given('image'), metrics: given('metrics'), description: 'A model', timeout: TIMEOUT,
      }),
      request: ['modelUri', 'image', 'metrics'], result: REGISTERED, keyed: true,
    },
    resolve: {
      step: (registry, scope, id) => registry.resolve(scope, id, { version: given('version'), timeout: TIMEOUT }),
      request: ['version'], result: RESOLVED,
    },
    setStatus: {
      step: (registry, scope, id) => registry.setStatus(scope, id, { version: given('version'), status: ModelStatus.APPROVED, reason: 'It is good', timeout: TIMEOUT }),
      request: ['version'], result: DECIDED,
    },
  },
  events: {
    onStatusChanged: { rule: (registry, id, target) => registry.onStatusChanged(id, { status: ModelStatus.APPROVED, target }), payload: CHANGED },
  },
};
