import { Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { allow, grant } from '../core/grants';
import { check, got, like, mustBe, shown } from '../core/validation';

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

/** The ids of the subnets, 1 to 16 as SageMaker takes them. */
function select(vpc: ec2.IVpc, subnets?: ec2.SubnetSelection): string[] {
  const ids = (() => {
    try {
      return vpc.selectSubnets(subnets).subnetIds;
    } catch (error) {
      throw new Error(`'vpcSubnets' must select subnets of '${vpc.node.path}', ${subnets === undefined ? 'got none, which means the private ones' : got(subnets)}: ${shown((error as Error).message)}`, { cause: error });
    }
  })();
  if (!Token.isUnresolved(ids) && (ids.length < 1 || ids.length > 16)) throw new Error(`'vpcSubnets' must select 1 to 16 subnets of '${vpc.node.path}', got ${ids.length}`);
  return ids;
}

/** Lets SageMaker put what runs with `role` into a VPC; returns the placement as SageMaker's APIs take it. */
export function joinVpc(scope: Construct, role: iam.IRole, { vpc, subnets, securityGroups, internalTraffic }: VpcPlacement): { Subnets: string[]; SecurityGroupIds: string[] } {
  check({ vpc, vpcSubnets: subnets, securityGroups }, z => ({
    vpc: like(z, 'a VPC (ec2.IVpc)', 'vpcId', 'selectSubnets'),
    vpcSubnets: z.looseObject({}),
    securityGroups: mustBe(z, 'a list of 1 to 5 security groups (ec2.ISecurityGroup)', it => Array.isArray(it) && it.length >= 1 && it.length <= 5 && it.every(group => group?.securityGroupId !== undefined)),
  }));
  const Subnets = select(vpc, subnets);
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
