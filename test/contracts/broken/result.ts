import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { Step, StepProps } from '../../../lib';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  protected override step(scope: Construct, id: string, { result: { id: messageId }, ...props }: StepProps): Step {
    return new Step(scope, id, { ...props, result: { messageId } });
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = { 'notify: result': "'Notify' must have 'id' in its result (id), got messageId from 'Notify: done'" };
