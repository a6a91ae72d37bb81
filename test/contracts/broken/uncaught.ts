import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { Step, StepProps } from '../../../lib';
import { EditedStep, SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  protected override step(scope: Construct, id: string, props: StepProps): Step {
    return new EditedStep(scope, id, props, state => delete state.Catch);
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = { 'notify: errors': "'Notify' must catch every error of 'Notify: sent' (States.ALL), or the provider's own comes out of it" };
