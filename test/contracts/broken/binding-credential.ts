import { alerter } from '../../../conformance';
import { Binding } from '../../../lib';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  public override bind(): Binding {
    return { provider: 'acme', address: this.endpoint.url, variables: { ACME_API_KEY: 'k-1234' }, probes: this.endpoint.probes('ACME_API_KEY') };
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = { 'binding: no credential': "'ACME_API_KEY' must be one of 'secrets', a reference, got it as a plain variable" };
