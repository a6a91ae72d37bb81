import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const secret = secretsmanager.Secret.fromSecretNameV2(this, 'Secret', 'acme/alerts');
    new ssm.StringParameter(this, 'Own', { stringValue: secret.secretValue.unsafeUnwrap() });
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = {
  'binding: no credential': "'conformance/Provider/Alerter/Own/Resource' (AWS::SSM::Parameter) must hold no '{{resolve:': CloudFormation would write the secret in plain text there",
};
