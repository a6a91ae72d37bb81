import * as iam from 'aws-cdk-lib/aws-iam';
import { alerter } from '../../../conformance';
import { Binding } from '../../../lib';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  public override bind(client: iam.IGrantable): Binding {
    client.grantPrincipal.addToPrincipalPolicy(new iam.PolicyStatement({ notActions: ['iam:CreateUser'], resources: ['arn:aws:sns:eu-west-1:111122223333:alerts'] }));
    return super.bind(client);
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = { 'grants: no wildcard action': "'conformance/Client/DefaultPolicy/Resource' must allow actions by their whole names, got '*'" };
