import { SecretValue } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new events.Connection(this, 'Own', { authorization: events.Authorization.apiKey('X-Api-Key', SecretValue.unsafePlainText('k-1234')) });
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = {
  'binding: no credential': "'conformance/Provider/Alerter/Own/Connection' must take its ApiKeyValue from AWS Secrets Manager, got a literal: anybody who reads the template knows it",
};
