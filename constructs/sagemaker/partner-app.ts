import { Aws, CfnResource, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sagemaker from 'aws-cdk-lib/aws-sagemaker';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth } from '../core';
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

/** The ARN of one. */
export const APP_ARN = [/^arn:[^:\s]+:sagemaker:[^:\s]+:\d{12}:partner-app\/app-[A-Z0-9]+$/, "a Partner AI App's ARN, arn:aws:sagemaker:<region>:<account>:partner-app/<id>"] as const;

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

/**
 * Known to the app by a role, which signs, and to the vendor's program in it by an API key.
 * @see https://docs.aws.amazon.com/sagemaker/latest/dg/partner-app-sdk.html
 */
export function partnerAppAuth(appArn: string, apiKey: ISecret, apiKeyField?: string): Auth {
  return Auth.role({
    region: appArn.split(':')[3], service: 'sagemaker', policies: [allow(['sagemaker:CallPartnerAppApi'], [appArn])],
    headers: { 'X-SageMaker-Partner-App-Server-Arn': appArn, 'X-Amz-Target': 'SageMaker.CallPartnerAppApi' },
    // The signature stands where the key does elsewhere.
    caller: Auth.header('X-Amz-Partner-App-Authorization', apiKey, apiKeyField, 'Bearer '),
  });
}
