import { Names } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lattice from 'aws-cdk-lib/aws-vpclattice';
import { Construct } from 'constructs';
import { isSettled, leadTo } from './routes';
import { selectSubnets } from './subnets';
import { check, fixed, like } from './validation';

/** One endpoint service of a vendor. */
export interface PrivateService {
  /** Its name in the VPC's region: `com.amazonaws.vpce.<region>.vpce-svc-<id>`. */
  readonly name: string;
  /** The hosts that it serves, as the URLs of components have them: private DNS names of the service. At least one. */
  readonly hosts: string[];
}

/** Properties of a `PrivateLink`. */
export interface PrivateLinkProps {
  /** The VPC that the endpoints are put into, with DNS support and DNS hostnames. */
  readonly vpc: ec2.IVpc;
  /**
   * The subnets.
   * @default - the private subnets
   */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /** The vendor's endpoint services, at least one. */
  readonly services: PrivateService[];
}

const PORT = 443;

/**
 * Reaches a vendor by AWS PrivateLink: steps by a resource configuration of VPC Lattice, which every connection of the stack to one of the hosts takes, jobs
 * in the VPC by the interface endpoints, under the same names. Made before the components that call the hosts.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/connection-private.html
 */
export class PrivateLink extends Construct implements ec2.IConnectable {
  /** Whose security groups are let in: `link.connections.allowDefaultPortFrom(group)`. */
  public readonly connections: ec2.Connections;

  /** @throws when a host has another way already, or is called already */
  constructor(scope: Construct, id: string, props: PrivateLinkProps) {
    super(scope, id);
    check(props, z => ({
      vpc: like(z, 'a VPC (ec2.IVpc)', 'vpcId', 'selectSubnets'),
      vpcSubnets: z.looseObject({}),
      services: z.array(z.object({
        name: fixed(z, /^com\.amazonaws\.vpce\.[a-z0-9-]+\.vpce-svc-[0-9a-f]{8,17}$/, "an endpoint service's name, com.amazonaws.vpce.<region>.vpce-svc-<id>"),
        hosts: z.array(fixed(z, /^(?=.{3,255}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a host in lower case, such as api.acme.dev')).min(1, { error: 'must name at least one host, got none' }),
      })).min(1, { error: 'must hold at least one endpoint service, got none' }),
    }), 'vpc', 'services');
    const { vpc, vpcSubnets, services } = props;
    const subnetIds = selectSubnets(vpc, vpcSubnets);
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', { vpc, allowAllOutbound: false, description: `Endpoints of ${this.node.path}` });
    this.connections = new ec2.Connections({ securityGroups: [group], defaultPort: ec2.Port.tcp(PORT) });
    group.connections.allowInternally(ec2.Port.tcp(PORT), 'The resource gateway to the endpoints');
    const gateway = new lattice.CfnResourceGateway(this, 'Gateway', {
      name: this.named(this), vpcIdentifier: vpc.vpcId, subnetIds, securityGroupIds: [group.securityGroupId],
      // Where the endpoints' private names are known.
      resourceConfigDnsResolution: 'IN_VPC',
    });
    services.forEach(({ name, hosts }, index) => {
      // A VPC takes the private names of a service once.
      if (services.findIndex(one => one.name === name) < index) throw new Error(`'services' must hold each endpoint service once, got '${name}' twice`);
      const endpoint = new ec2.InterfaceVpcEndpoint(this, `Endpoint${index}`, {
        vpc, subnets: vpcSubnets, service: new ec2.InterfaceVpcEndpointService(name, PORT), privateDnsEnabled: true, open: false, securityGroups: [group],
      });
      hosts.forEach(host => this.lead(host, gateway, endpoint));
    });
  }

  private lead(host: string, gateway: lattice.CfnResourceGateway, endpoint: ec2.InterfaceVpcEndpoint): void {
    if (isSettled(this, host)) throw new Error(`'services.hosts' must name each host once, and before a component calls it, got '${host}'`);
    const owner = new Construct(this, host);
    const configuration = new lattice.CfnResourceConfiguration(owner, 'Resource', {
      name: this.named(owner), resourceConfigurationType: 'SINGLE', protocolType: 'TCP', portRanges: [`${PORT}`], resourceGatewayId: gateway.attrId,
      resourceConfigurationDefinition: { dnsResource: { domainName: host, ipAddressType: 'IPV4' } },
    });
    configuration.node.addDependency(endpoint);
    leadTo(this, host, configuration.attrArn);
  }

  /** A name of VPC Lattice, of at most 40 characters. */
  private named(construct: Construct): string {
    return Names.uniqueResourceName(construct, { maxLength: 40 }).toLowerCase();
  }
}
