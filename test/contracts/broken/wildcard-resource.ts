import * as iam from 'aws-cdk-lib/aws-iam';
import { alerter } from '../../../conformance';
import { Binding } from '../../../lib';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  public override bind(client: iam.IGrantable): Binding {
    client.grantPrincipal.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['sns:Publish'], resources: ['*'] }));
    return super.bind(client);
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = {
  'grants: no wildcard resource':
    "'conformance/Client/DefaultPolicy/Resource' must name the resources of sns:Publish, got '*': name them, or acknowledge 'AwsSolutions-IAM5[Resource::*]' there with the reason",
};
