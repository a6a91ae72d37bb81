import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { page } from '../../check/permissions/page';
import { PAGE, permissions } from '../../check/permissions/permissions';
import { Reasons } from '../../check/permissions/reasons';
import { refusedOf, refusedResourceStatement } from '../../check/permissions/refusals';
import { resourceStatementsOf, rolesOf } from '../../check/permissions/roles';
import { Template } from '../../check/template';
import { allow, grant } from '../../constructs/core/grants';

const reasons = Reasons.listen();
const folder = mkdtempSync(join(tmpdir(), 'permissions-'));

afterAll(() => rmSync(folder, { recursive: true }));

/** What is told of a stack that holds a role of which `make` makes something. */
function told(make: (role: iam.Role, stack: Stack) => void) {
  const app = new App({ outdir: mkdtempSync(join(folder, 'out-')), context: { '@aws-cdk/aws-iam:minimizePolicies': true, 'aws:cdk:enable-path-metadata': true } });
  const stack = new Stack(app, 'acme');
  make(new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }), stack);
  const [template] = Template.ofAssembly('acme', app.synth().directory);
  reasons.settle();
  const roles = rolesOf(template, reasons);
  const statements = resourceStatementsOf(template);
  return { template, roles, statements, refused: [...roles.flatMap(refusedOf), ...statements.flatMap(refusedResourceStatement)] };
}

const reading = (role: iam.Role) => grant(role, [allow(['s3:GetObject'], ['arn:aws:s3:::acme/*'])], 'reads');

test('docs/permissions.md says what the code gives, and nothing is refused', () => {
  const now = permissions();

  expect(now.refused).toEqual([]);
  // `npm run permissions` writes it anew.
  expect(readFileSync(PAGE, 'utf8')).toEqual(now.page);
}, 120_000);

test('another statement is another page', () => {
  const before = told(reading);
  const after = told(role => {
    reading(role);
    grant(role, [allow(['s3:PutObject'], ['arn:aws:s3:::acme/*'])], 'writes');
  });

  expect(page([after])).not.toEqual(page([before]));
  expect(page([after])).toContain('| `s3:PutObject` | `arn:aws:s3:::acme/*` |  | writes |');
});

test('the reasons outlive the merging of statements', () => {
  const { template, roles } = told(role => {
    reading(role);
    grant(role, [allow(['s3:GetObject'], ['arn:aws:s3:::other/*'])], 'looks elsewhere');
  });

  expect(template.resources('AWS::IAM::Policy')[0][1].Properties.PolicyDocument.Statement).toHaveLength(1);
  expect(roles[0].granted.map(({ resource, why }) => [resource, why])).toEqual([['arn:aws:s3:::acme/*', ['reads']], ['arn:aws:s3:::other/*', ['looks elsewhere']]]);
});

test.each<[string, (role: iam.Role) => void, string]>([
  ['a FullAccess policy', role => role.addManagedPolicy(iam.ManagedPolicy.fromAwsManagedPolicyName('AmazonSageMakerFullAccess')), 'AmazonSageMakerFullAccess'],
  ['an action with a *', role => grant(role, [allow(['s3:Get*'], ['arn:aws:s3:::acme/*'])], 'reads'), 'may do s3:Get*: name the actions'],
  ['a * resource', role => grant(role, [allow(['s3:ListAllMyBuckets'], ['*'])], 'lists'), "may do s3:ListAllMyBuckets on '*': name the resource"],
  ['a grant without a reason', role => grant(role, [allow(['s3:GetObject'], ['arn:aws:s3:::acme/*'])]), 'may do s3:GetObject, and nobody says why'],
  ['all but an action', role => role.addToPolicy(new iam.PolicyStatement({ notActions: ['s3:GetObject'], resources: ['arn:aws:s3:::acme/*'] })), 'NotAction'],
])('%s is refused in one line', (_what, make, line) => {
  const { refused } = told(make);

  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatch(/^acme: role Role .+/);
  expect(refused[0]).toContain(line);
});

test('a * resource is let through, and explained, where it is acknowledged', () => {
  const lists = told(role => {
    grant(role, [allow(['s3:ListAllMyBuckets'], ['*'])], 'lists');
    Validations.of(role).acknowledge({ id: 'AwsSolutions-IAM5[Resource::*]', reason: 'lists take no resource' });
  });

  expect(lists.refused).toEqual([]);
  expect(page([lists])).toContain('| `s3:ListAllMyBuckets` | `*`: lists take no resource |  | lists |');
});

test('of the policies of resources, only that of a key lets the account do everything', () => {
  const topic = (role: iam.Role, stack: Stack) => new sns.Topic(stack, 'Topic').addToResourcePolicy(new iam.PolicyStatement({ actions: ['sns:*'], resources: ['*'], principals: [role] }));

  expect(told((_role, stack) => new kms.Key(stack, 'Key')).refused).toEqual([]);
  expect(told(topic).refused).toEqual(["acme: the policy of Topic/Policy allows 'sns:*': name the actions"]);
});
