import { alerter } from '../../../conformance';
import { Binding } from '../../../lib';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  public override bind(): Binding {
    return { provider: 'acme', address: '', variables: {} };
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = { 'binding: complete': `'address' must be a URL, an ARN or a name, got ""` };
