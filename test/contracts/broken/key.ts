import { modelTrainer } from '../../../conformance';
import { SoundTrainer } from '../sound';

class Broken extends SoundTrainer {
  protected override readonly name = '{% $uuid() %}';
}

export const cases = modelTrainer(scope => new Broken(scope, 'Trainer'));
export const fails = { 'train: key': "'Train' must key its work by the run (Step.KEY or Step.TOKEN), or a retry starts it again" };
