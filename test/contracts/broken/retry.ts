import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { Step, StepProps } from '../../../lib';
import { EditedStep, SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  protected override step(scope: Construct, id: string, props: StepProps): Step {
    return new EditedStep(scope, id, props, state => delete state.Retry);
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = {
  'notify: retry': "'Notify' must repeat 'Notify: sent' after errors that pass by themselves, got no Retry for arn:aws:states:::http:invoke",
};
