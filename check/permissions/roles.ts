import { Template } from '../template';
import { Permission, permissionsOf, Reasons } from './reasons';
import { constructOf } from './readable';

/** One action on one resource, and why. */
export interface Granted extends Permission {
  readonly why: string[];
  /** The logical id of the policy. */
  readonly policy: string;
}

/** A role of a template, with all that it may do. */
export interface Role {
  readonly template: Template;
  readonly path: string;
  readonly trust: any[];
  readonly managed: any[];
  readonly granted: Granted[];
  /** Statements that allow all but something, or on all but something. */
  readonly inverted: any[];
}

const POLICIES = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'];

/** The roles of `template`. */
export function rolesOf(template: Template, reasons: Reasons): Role[] {
  return template.resources('AWS::IAM::Role').map(([id, { Properties: role }]) => {
    const attached = POLICIES.flatMap(type => template.resources(type)).filter(([, { Properties }]) => Properties.Roles?.some((each: any) => each.Ref === id));
    const documents: [string, any][] = [
      ...attached.map(([policy, { Properties }]) => [policy, Properties.PolicyDocument] as [string, any]),
      ...(role.Policies ?? []).map((policy: any) => [id, policy.PolicyDocument]),
    ];
    const statements = documents.flatMap(([policy, document]) => [document.Statement].flat().map(statement => ({ policy, statement })));
    const inverted = statements.filter(({ statement }) => statement.NotAction || statement.NotResource);
    const permissions = statements.filter(each => !inverted.includes(each) && each.statement.Effect === 'Allow')
      .flatMap(({ policy, statement }) => permissionsOf(statement).map(permission => ({ ...permission, policy, why: reasons.of(template.pathOf(policy), permission) })));
    return {
      template, path: constructOf(template, id), trust: [role.AssumeRolePolicyDocument.Statement].flat(), managed: role.ManagedPolicyArns ?? [],
      inverted: inverted.map(({ statement }) => statement),
      // CDK's merged statements may hold a permission twice.
      granted: [...new Map(permissions.map(each => [JSON.stringify([each.action, each.resource, each.condition]), each])).values()],
    };
  });
}

/** A statement of a policy that belongs to a resource. */
export interface ResourceStatement {
  readonly template: Template;
  /** The construct whose policy it is. */
  readonly path: string;
  readonly type: string;
  readonly statement: any;
}

/** What the policies of buckets, keys, topics and queues say. */
export function resourceStatementsOf(template: Template): ResourceStatement[] {
  return Object.entries<any>(template.body.Resources).filter(([, { Type }]) => !Type.startsWith('AWS::IAM::')).flatMap(([id, { Type, Properties = {} }]) => {
    const statements = [Properties.KeyPolicy, Properties.PolicyDocument, Properties.ResourcePolicy].flatMap(document => document?.Statement ?? []);
    return statements.map((statement: any) => ({ template, path: constructOf(template, id), type: Type, statement }));
  });
}
