import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { Step, StepProps } from '../../../lib';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  protected override step(scope: Construct, id: string, { timeout: _, ...props }: StepProps): Step {
    return new Step(scope, id, props);
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = { 'notify: deadline': "'Notify' must end within the timeout that it is given, 420 s, got a deadline after 86400 s" };
