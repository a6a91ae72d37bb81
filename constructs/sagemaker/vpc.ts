import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { allow, grant } from '../core/grants';
import { selectSubnets } from '../core/subnets';
import { check, like, mustBe } from '../core/validation';

/** Where in which VPC. */
export interface VpcPlacement {
  readonly vpc: ec2.IVpc;
  /** @default - the private subnets */
  readonly subnets?: ec2.SubnetSelection;
  /** @default - a new group, which lets everything out and nothing in */
  readonly securityGroups?: ec2.ISecurityGroup[];
  /** Whether the containers talk to each other, as those of one job on several instances do. @default false */
  readonly internalTraffic?: boolean;
}

/** Lets SageMaker put what runs with `role` into a VPC; returns the placement as SageMaker's APIs take it. */
export function joinVpc(scope: Construct, role: iam.IRole, { vpc, subnets, securityGroups, internalTraffic }: VpcPlacement): { Subnets: string[]; SecurityGroupIds: string[] } {
  check({ vpc, vpcSubnets: subnets, securityGroups }, z => ({
    vpc: like(z, 'a VPC (ec2.IVpc)', 'vpcId', 'selectSubnets'),
    vpcSubnets: z.looseObject({}),
    securityGroups: mustBe(z, 'a list of 1 to 5 security groups (ec2.ISecurityGroup)', it => Array.isArray(it) && it.length >= 1 && it.length <= 5 && it.every(group => group?.securityGroupId !== undefined)),
  }));
  const Subnets = selectSubnets(vpc, subnets);
  const groups = securityGroups ?? [new ec2.SecurityGroup(scope, 'SecurityGroup', { vpc, description: `Containers of ${scope.node.path}` })];
  if (internalTraffic && !securityGroups) groups.forEach(group => group.connections.allowInternally(ec2.Port.allTraffic(), 'Containers of one job'));
  grant(role, [
    // Network interfaces have no name to grant by before they exist, and Describe actions take no resource.
    allow([
      'ec2:CreateNetworkInterface', 'ec2:CreateNetworkInterfacePermission', 'ec2:DeleteNetworkInterface', 'ec2:DeleteNetworkInterfacePermission',
      'ec2:DescribeDhcpOptions', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeVpcs',
    ], ['*']),
  ], 'SageMaker puts its containers into the VPC');
  return { Subnets, SecurityGroupIds: groups.map(group => group.securityGroupId) };
}
