import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { alerter } from '../../../conformance';
import { Binding } from '../../../lib';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  private readonly secret = secretsmanager.Secret.fromSecretNameV2(this, 'Token', 'acme/token');

  public override bind(): Binding {
    return { provider: 'acme', address: this.endpoint.url, variables: {}, secrets: { ACME_TOKEN: { secret: this.secret } }, probes: this.endpoint.probes('ACME_TOKEN') };
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = { 'binding: can be asked': `'probes' must hold one that shows 'authorized', got ["alive"]: ExternalEndpoint.probes makes them` };
