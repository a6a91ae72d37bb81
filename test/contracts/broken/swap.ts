import { Stack } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new sqs.Queue(Stack.of(this), 'Undelivered');
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = {
  'swap: confined': "'conformance/Undelivered/Resource' must be the same whoever provides the component, got a new AWS::SQS::Queue outside of the provider's own construct",
};
