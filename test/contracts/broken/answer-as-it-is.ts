import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { Step, StepProps } from '../../../lib';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  protected override step(scope: Construct, id: string, { calls: [{ value: _, ...sent }], ...props }: StepProps): Step {
    return new Step(scope, id, { ...props, calls: [sent], result: { id: '{% $sent.ResponseBody.id %}' } });
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = {
  'notify: errors':
    "'Notify' must take what it needs of the answer to 'Notify: sent' by the call's 'value', or an error page in its place comes out of 'Notify: done' as an error of Step Functions",
};
