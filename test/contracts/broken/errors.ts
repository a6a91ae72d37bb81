import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { Step, StepProps } from '../../../lib';
import { EditedStep, SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  protected override step(scope: Construct, id: string, props: StepProps): Step {
    return new EditedStep(scope, id, props, state => {
      if (state.Type === 'Fail') state.Error = "{% $failure.Error = 'States.Http.StatusCode.429' ? 'Acme.TooMany' : 'Mlops.Failed' %}";
    });
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = { 'notify: errors': "'Notify' must fail with Mlops.Throttled, Unauthorized, Timeout or Failed, got 'Acme.TooMany' from 'Notify: fail'" };
