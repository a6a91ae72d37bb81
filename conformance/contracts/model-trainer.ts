import { Construct } from 'constructs';
import { Step } from '../../constructs/core';
import { IModelTrainer } from '../../constructs/model-trainer/model-trainer';
import { Contract, given, TIMEOUT } from '../contract';
import { StandIn } from '../stand-in';

const RESULT = ['jobName', 'modelUri', 'metrics', 'image'];

class StandInModelTrainer extends StandIn implements IModelTrainer {
  public train(scope: Construct, id: string): Step {
    return this.step(scope, id, RESULT);
  }
}

export const MODEL_TRAINER: Contract<IModelTrainer> = {
  component: 'model-trainer',
  standIn: scope => new StandInModelTrainer(scope, 'StandIn'),
  verbs: {
    train: {
      step: (trainer, scope, id, { experimentTracker }) => trainer.train(scope, id, {
        hyperparameters: { rate: given('rate') }, inputs: { train: given('train') }, metrics: ['accuracy'], uses: [experimentTracker], timeout: TIMEOUT,
      }),
      request: ['rate', 'train'], result: RESULT, keyed: true,
    },
  },
  events: {},
};
