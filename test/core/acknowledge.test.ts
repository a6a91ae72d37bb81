import { App, Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { acknowledge } from '../../constructs/core/acknowledge';
import { allow, grant, readObjects } from '../../constructs/core/grants';

const open = (stack: Stack) => new AwsSolutionsChecks().validateScope(stack).violations.map(({ ruleName }) => ruleName).filter(name => name.includes('IAM5'));

function role(): { stack: Stack; role: iam.Role; bucket: s3.Bucket } {
  const stack = new Stack(new App(), 'Test');
  return { stack, role: new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com') }), bucket: new s3.Bucket(stack, 'Bucket') };
}

test('cdk-nag passes over the prefixes that a grant names, for the reason that it gives', () => {
  const { stack, role: grantee, bucket } = role();

  grant(grantee, readObjects(bucket, 'models/'), 'loads the model');

  expect(open(stack)).toEqual([]);
  expect(stack.node.metadata.filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY).flatMap(({ data }) => Object.entries(data))).toEqual([
    [expect.stringMatching(/^Annotation::AwsSolutions-IAM5\[Resource::<Bucket\w+\.Arn>\/models\/\*\]$/), 'loads the model; what lies under the prefix is not known before it is made'],
  ]);
});

test('a grant on everything is not passed over', () => {
  const { stack, role: grantee } = role();

  grant(grantee, [allow(['s3:ListAllMyBuckets'], ['*'])], 'looks around');

  expect(open(stack)).toEqual(['AwsSolutions-IAM5[Resource::*]']);
});

test('what nobody granted is not passed over, under the same bucket neither', () => {
  const { stack, role: grantee, bucket } = role();

  grant(grantee, readObjects(bucket, 'models/'), 'loads the model');
  grantee.addToPolicy(allow(['s3:GetObject'], [bucket.arnForObjects('data/*')]));

  expect(open(stack)).toEqual([expect.stringMatching(/\/data\/\*\]$/)]);
});

test('an acknowledgement holds below the construct that it is made for, and not beside it', () => {
  const { stack, role: one } = role();
  const other = new iam.Role(stack, 'Other', { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com') });
  [one, other].forEach(grantee => grant(grantee, [allow(['cloudwatch:PutMetricData'], ['*'])]));

  acknowledge(one, ['AwsSolutions-IAM5[Resource::*]'], 'metrics have no resource');

  const [{ violatingResources }] = new AwsSolutionsChecks().validateScope(stack).violations.filter(({ ruleName }) => ruleName.includes('IAM5'));
  expect(violatingResources.map(({ constructPath }) => constructPath)).toEqual(['Test/Other/DefaultPolicy/Resource']);
});
