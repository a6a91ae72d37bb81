import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { alerter } from '../../../conformance';
import { Binding } from '../../../lib';
import { SoundAlerter } from '../sound';

class Broken extends SoundAlerter {
  private readonly role: iam.Role;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  }

  public override bind(client: iam.IGrantable): Binding {
    // Whoever publishes an address is no client: `Publication` binds nobody.
    if ('grantPrincipal' in client && client.grantPrincipal.principalAccount !== undefined) {
      this.role.addToPolicy(new iam.PolicyStatement({ actions: ['sns:Publish'], resources: ['arn:aws:sns:eu-west-1:111122223333:alerts'] }));
    }
    return super.bind(client);
  }
}

export const cases = alerter(scope => new Broken(scope, 'Alerter'));
export const fails = { 'grants: to the client only': "'bind' must change the policies of its client only, got a change of 'conformance/Provider/Alerter/Role/DefaultPolicy/Resource'" };
