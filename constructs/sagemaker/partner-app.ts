import { Aws, CfnResource, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sagemaker from 'aws-cdk-lib/aws-sagemaker';
import { Construct } from 'constructs';
import { allow, grant, grantAny } from '../core/grants';
import { retention } from '../core/retention';
import { check, got, text } from '../core/validation';
import { retainedName } from './names';
import { SageMakerRole } from './sagemaker-role';

/** A vendor's application that SageMaker runs in the account: a Partner AI App. */
export interface PartnerApp {
  readonly appArn: string;
  readonly url: string;
}

/** What a new one is made of. */
export interface PartnerAppProps {
  readonly tier: string;
  readonly adminUsers: string[];
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * An app of the vendor `type`; the account must have subscribed to it in AWS Marketplace.
 * @see https://docs.aws.amazon.com/sagemaker/latest/dg/partner-app-onboard.html
 */
export function newPartnerApp(scope: Construct, type: 'comet' | 'fiddler', props: PartnerAppProps): PartnerApp {
  check(props, z => ({
    tier: text(z, /^[\w.-]{1,64}$/, 'a tier, such as small'),
    adminUsers: z.array(text(z, /^[\w+=,.@-]{1,256}$/, "a user's name")).min(1, { error: 'must name one user at least, got none' })
      .refine(it => new Set(it).size === it.length, { error: ({ input }) => `must name each user once, ${got(input)}` }),
  }), 'tier', 'adminUsers');
  const { tier, adminUsers, removalPolicy } = props;
  const role = new SageMakerRole(scope, 'Role');
  grantAny(role, ['license-manager:CheckoutLicense', 'license-manager:CheckInLicense', 'license-manager:ExtendLicenseConsumption'], "uses the subscription's license");
  // Which license that is, and whose account holds it, the subscription alone knows.
  grant(role, [allow(['license-manager:GetLicense', 'license-manager:GetLicenseUsage'], [`arn:${Aws.PARTITION}:license-manager::*:license:*`])], 'reads the license');
  // Name, type and role are create-only: a change of one replaces the app, and its data stays behind.
  const app = new sagemaker.CfnPartnerApp(scope, 'Resource', {
    name: retainedName(scope, 63, ''), type, tier, authType: 'IAM', executionRoleArn: role.roleArn, applicationConfig: { adminUsers }, enableIamSessionBasedIdentity: true,
  });
  // The app uses its license with the policy of its role, which a reference to the role does not wait for.
  const policy = role.node.findChild('DefaultPolicy');
  app.node.addDependency(policy);
  const kept = retention(scope, removalPolicy);
  [app, role, policy.node.defaultChild as CfnResource].forEach(part => part.applyRemovalPolicy(kept));
  return { appArn: app.attrArn, url: app.attrBaseUrl };
}

/** Lets `client` call the app, and returns what the vendors' clients read to sign their requests by SigV4. */
export function callPartnerApp(client: iam.IGrantable, { appArn, url }: PartnerApp): { [name: string]: string } {
  grant(client, [allow(['sagemaker:CallPartnerAppApi', 'sagemaker:DescribePartnerApp'], [appArn])], "calls the vendor's app");
  return { AWS_PARTNER_APP_AUTH: 'true', AWS_PARTNER_APP_ARN: appArn, AWS_PARTNER_APP_URL: url };
}
