import { alerter } from '../../../conformance';
import { NotifyOptions } from '../../../lib';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  protected override body({ subject }: NotifyOptions): any {
    return { title: subject };
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = { 'notify: request': "'Notify' must hand its 'message' to the provider, got none of it in its calls" };
