import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { Auth, ExternalEndpoint, PrivateLink, PrivateLinkProps, PrivateService, SecretRotation } from '../../constructs/core';
import { secret } from './components';

const SERVICE = { name: 'com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0', hosts: ['api.acme.dev', 'login.acme.dev'] };

const fresh = () => new Stack(new App(), 'test');
const vpcOf = (stack: Stack) => ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-12345678', availabilityZones: ['us-east-1a', 'us-east-1b'], privateSubnetIds: ['subnet-1', 'subnet-2'] });
const link = (stack: Stack, services: PrivateService[] = [SERVICE]) => new PrivateLink(stack, 'Link', { vpc: vpcOf(stack), services });
const call = (stack: Stack, url: string, auth: Auth) => new ExternalEndpoint(url, auth).request(new Construct(stack, `Owner-${new URL(url).hostname}`), 'one', { path: '/' });
const properties = (stack: Stack, type: string): any[] => Object.values(Template.fromStack(stack).findResources(type)).map(({ Properties }) => Properties);

test('leads steps and jobs to the hosts of a vendor', () => {
  const stack = fresh();
  const { connections } = link(stack, [SERVICE, { name: SERVICE.name.replace('0123', '4567'), hosts: ['files.acme.dev'] }]);
  connections.allowDefaultPortFrom(new ec2.SecurityGroup(stack, 'Jobs', { vpc: stack.node.findChild('Vpc') as ec2.IVpc }));
  const group = expect.objectContaining({ 'Fn::GetAtt': [expect.stringMatching(/^LinkSecurityGroup/), 'GroupId'] });

  expect(properties(stack, 'AWS::EC2::VPCEndpoint')).toMatchObject([SERVICE.name, SERVICE.name.replace('0123', '4567')].map(ServiceName => (
    { ServiceName, PrivateDnsEnabled: true, VpcEndpointType: 'Interface', VpcId: 'vpc-12345678', SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: [group] }
  )));
  expect(properties(stack, 'AWS::VpcLattice::ResourceGateway')).toMatchObject([{ ResourceConfigDnsResolution: 'IN_VPC', VpcIdentifier: 'vpc-12345678', SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: [group] }]);
  expect(properties(stack, 'AWS::VpcLattice::ResourceConfiguration')).toMatchObject(['api.acme.dev', 'login.acme.dev', 'files.acme.dev'].map(DomainName => (
    { ResourceConfigurationType: 'SINGLE', PortRanges: ['443'], ResourceConfigurationDefinition: { DnsResource: { DomainName, IpAddressType: 'IPV4' } } }
  )));
  expect(properties(stack, 'AWS::EC2::SecurityGroupIngress').map(({ FromPort, ToPort }) => [FromPort, ToPort])).toEqual([[443, 443], [443, 443]]);
  expect(new Set(properties(stack, 'AWS::VpcLattice::ResourceConfiguration').map(({ Name }) => Name)).size).toBe(3);
});

test('each connection to a host takes its way, and no other does', () => {
  const stack = fresh();
  link(stack);
  call(stack, 'https://api.acme.dev/v1', Auth.oauth('ml', secret(stack), { address: 'https://login.acme.dev/token' }));
  call(stack, 'https://other.acme.dev', Auth.none());
  const [own, other] = properties(stack, 'AWS::Events::Connection');
  const way = (id: RegExp) => ({ ResourceParameters: { ResourceConfigurationArn: { 'Fn::GetAtt': [expect.stringMatching(id), 'Arn'] } } });

  expect(own.InvocationConnectivityParameters).toEqual(way(/^Linkapiacmedev/));
  expect(own.AuthParameters.ConnectivityParameters).toEqual(way(/^Linkloginacmedev/));
  expect(other).not.toHaveProperty('InvocationConnectivityParameters');
  expect(other.AuthParameters).not.toHaveProperty('ConnectivityParameters');
});

test.each<[string, (stack: Stack) => void]>([
  ["'services' must hold at least one endpoint service, got none", stack => link(stack, [])],
  ["'services.0.hosts' must name at least one host, got none", stack => link(stack, [{ ...SERVICE, hosts: [] }])],
  ["'services.0.hosts.0' must be a host in lower case, such as api.acme.dev, got 'https://api.acme.dev'", stack => link(stack, [{ ...SERVICE, hosts: ['https://api.acme.dev'] }])],
  ["'services.0.name' must be an endpoint service's name, com.amazonaws.vpce.<region>.vpce-svc-<id>, got 'vpce-svc-1'", stack => link(stack, [{ ...SERVICE, name: 'vpce-svc-1' }])],
  ["'vpc' must be a VPC (ec2.IVpc), got undefined", stack => new PrivateLink(stack, 'Link', { services: [SERVICE] } as unknown as PrivateLinkProps)],
  [`'services' must hold each endpoint service once, got '${SERVICE.name}' twice`, stack => link(stack, [SERVICE, { ...SERVICE, hosts: ['files.acme.dev'] }])],
  ["'services.hosts' must name each host once, and before a component calls it, got 'api.acme.dev'", stack => link(stack, [SERVICE, { ...SERVICE, name: SERVICE.name.replace('0123', '4567') }])],
  ["'services.hosts' must name each host once, and before a component calls it, got 'api.acme.dev'", stack => { call(stack, 'https://api.acme.dev', Auth.none()); link(stack); }],
  [
    "'test/Owner-api.acme.dev/Request' must call a service that is reached over the internet, got 'https://api.acme.dev' with a PrivateLink: let 'auth' and the request be such that a connection can express them",
    stack => { link(stack); call(stack, 'https://api.acme.dev', Auth.readWhenUsed(Auth.bearer(secret(stack)))); },
  ],
  [
    "'test/Rotation' must be left out of a stack that has a PrivateLink to a service, got one to 'https://api.acme.dev': after a rotation, deploy a change of the connection",
    stack => { new SecretRotation(stack, 'Rotation'); link(stack); call(stack, 'https://api.acme.dev', Auth.bearer(secret(stack))); },
  ],
])('%s', (message, make) => {
  expect(() => make(fresh())).toThrow(new Error(message));
});
