import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge, acknowledgePatterns } from './acknowledge';
import { SecretField } from './component';

/**
 * Every permission that a component hands out, action by action. The `grant*` methods of aws-cdk-lib's S3 and KMS
 * constructs emit actions with a `*` (`s3:GetObject*`), which no policy of this library holds.
 */

/** A statement that allows `actions` on `resources`. */
export function allow(actions: string[], resources: string[], conditions?: { [operator: string]: any }): iam.PolicyStatement {
  return new iam.PolicyStatement({ actions, resources, conditions });
}

/** Why a statement is granted: no template holds it, `docs/permissions.md` does. */
const REASONS = new WeakMap<iam.PolicyStatement, string[]>();

/** Adds `statements` to the policies of `grantee`; `why` says what it does with them. */
export function grant(grantee: iam.IGrantable, statements: iam.PolicyStatement[], why?: string): void {
  explain(grantee, statements, why).forEach(statement => grantee.grantPrincipal.addToPrincipalPolicy(statement));
}

/** Lets `grantee` do what takes no resource, which is acknowledged there; `why` says what it does with it. */
export function grantAny(grantee: iam.IGrantable, actions: string[], why: string): void {
  grant(grantee, [allow(actions, ['*'])], why);
  const { grantPrincipal } = grantee;
  if (Construct.isConstruct(grantPrincipal)) acknowledge(grantPrincipal, ['AwsSolutions-IAM5[Resource::*]'], `${actions.join(', ')}: the API takes no resource`);
}

/** `statements`, which `grantee` gets for the reason `why`. */
export function explain(grantee: unknown, statements: iam.PolicyStatement[], why?: string): iam.PolicyStatement[] {
  for (const statement of statements) {
    if (why) REASONS.set(statement, [...reasonsOf(statement), why]);
    if (Construct.isConstruct(grantee)) acknowledgePatterns(grantee, statement.resources, reasonsOf(statement).join('; '));
  }
  return statements;
}

/** Why `statement` is granted. */
export function reasonsOf(statement: iam.PolicyStatement): string[] {
  return REASONS.get(statement) ?? [];
}

/** To list and read what lies under `prefix`. */
export function readObjects(bucket: s3.IBucket, prefix: string = ''): iam.PolicyStatement[] {
  return [
    allow(['s3:GetObject'], [bucket.arnForObjects(`${prefix}*`)]),
    allow(['s3:ListBucket'], [bucket.bucketArn]),
    ...useKey(bucket.encryptionKey, 'kms:Decrypt'),
  ];
}

/** To write under `prefix`, large objects included. */
export function writeObjects(bucket: s3.IBucket, prefix: string = ''): iam.PolicyStatement[] {
  return [
    allow(['s3:PutObject', 's3:AbortMultipartUpload'], [bucket.arnForObjects(`${prefix}*`)]),
    ...useKey(bucket.encryptionKey, 'kms:GenerateDataKey', 'kms:Decrypt'),
  ];
}

/** To use `key`, where there is one. */
export function useKey(key: kms.IKey | undefined, ...actions: string[]): iam.PolicyStatement[] {
  return key ? [allow(actions, [key.keyArn])] : [];
}

/** To read the value of a secret. */
export function readSecret({ secret }: SecretField): iam.PolicyStatement[] {
  return [allow(['secretsmanager:GetSecretValue'], [secret.secretFullArn ?? `${secret.secretArn}-??????`]), ...useKey(secret.encryptionKey, 'kms:Decrypt')];
}

/** To hand `role` to `service`. */
export function passRole(role: iam.IRole, service: string): iam.PolicyStatement {
  return allow(['iam:PassRole'], [role.roleArn], { StringEquals: { 'iam:PassedToService': service } });
}

/** The ARN of a SageMaker resource of this account and region. */
export function sagemakerArn(scope: Construct, resource: string, name: string): string {
  return Stack.of(scope).formatArn({ service: 'sagemaker', resource, resourceName: name, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
}

/** A principal that is recorded nowhere: it lets a component be asked how it is reached without granting anything. */
export class Nobody implements iam.IGrantable, iam.IPrincipal {
  public readonly assumeRoleAction = 'sts:AssumeRole';
  public readonly grantPrincipal: iam.IPrincipal = this;
  public readonly policyFragment = new iam.PrincipalPolicyFragment({});

  public addToPrincipalPolicy(_statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    return { statementAdded: true };
  }
}
