import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com'), managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('AmazonSageMakerFullAccess')] });
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = {
  'grants: no FullAccess policy':
    "'conformance/Provider/Alerter/Role/Resource' must be allowed what it needs, got the managed policy 'arn:aws:iam::aws:policy/AmazonSageMakerFullAccess'",
};
