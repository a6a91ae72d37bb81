import { Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { got, shown } from './validation';

/** The ids of the subnets that the prop `vpcSubnets` selects, 1 to 16 as AWS's services take them. */
export function selectSubnets(vpc: ec2.IVpc, subnets?: ec2.SubnetSelection): string[] {
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
