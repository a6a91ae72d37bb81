import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { Step, StepProps } from '../../../lib';
import { EditedStep, SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  protected override step(scope: Construct, id: string, { calls: [sent], ...props }: StepProps): Step {
    const calls = [{ ...sent, until: '{% $exists($sent) %}' }];
    return new EditedStep(scope, id, { ...props, calls }, state => {
      if (state.Type === 'Choice') state.Choices = state.Choices.filter(({ Condition }: any) => !Condition.includes('$deadline'));
    });
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = { 'notify: deadline': "'Notify' must have a deadline, got none for the repeats of 'Notify: sent'" };
