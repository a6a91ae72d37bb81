import { ProductionVariantInstanceType, TrainingInstanceType } from '@aws-sdk/client-sagemaker';
import { App, Aws, Fn, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { SageMakerImage } from '../../constructs/sagemaker';
import { ENDPOINT_INSTANCE_TYPES, hasLocalNvme, TRAINING_INSTANCE_TYPES } from '../../constructs/sagemaker/instance-types';
import { retainedName, stableName } from '../../constructs/sagemaker/names';
import { SageMakerRole } from '../../constructs/sagemaker/sagemaker-role';
import { joinVpc } from '../../constructs/sagemaker/vpc';
import { Construct } from 'constructs';
import { allowed, render, resource } from '../support/template';

describe('instance types', () => {
  test("are those of the SDK (run 'node scripts/instance-types.mjs' after updating it)", () => {
    expect(TRAINING_INSTANCE_TYPES).toEqual(Object.values(TrainingInstanceType).sort());
    expect(ENDPOINT_INSTANCE_TYPES).toEqual(Object.values(ProductionVariantInstanceType).sort());
  });

  test('with local disks take no key, the others do', () => {
    const families = [...new Set([...TRAINING_INSTANCE_TYPES, ...ENDPOINT_INSTANCE_TYPES].map(type => type.split('.')[1]))].sort();

    expect(families.filter(family => hasLocalNvme(`ml.${family}.xlarge`))).toEqual([
      'c5d', 'c6gd', 'dl1', 'g4dn', 'g5', 'g6', 'g6e', 'g7', 'g7e', 'm5d', 'm6gd', 'p3dn', 'p4d', 'p4de', 'p5', 'p5e', 'p5en', 'p6-b200', 'p6-b300', 'p6e-gb200', 'r5d', 'r6gd', 'r7gd',
      'trn1', 'trn1n', 'trn2',
    ]);
  });
});

describe('names', () => {
  const parent = new Construct(new Stack(new App(), 'Acme-Platform'), 'Tracker');

  test('are lower case, stable and of bounded length', () => {
    expect(stableName(parent, 63)).toMatch(/^acme-platform-tracker[a-z0-9-]*$/);
    expect(stableName(parent, 63)).toBe(stableName(parent, 63));
    expect(stableName(new Construct(parent, 'x'.repeat(100)), 40).length).toBeLessThanOrEqual(40);
  });

  test("of what is retained end in a part of the stack's own id", () => {
    const name = Stack.of(parent).resolve(retainedName(parent, 63));

    expect(name['Fn::Join'][1][0]).toMatch(/^acme-platform-tracker.*-$/);
    expect(name['Fn::Join'][1][0].length).toBeLessThanOrEqual(63 - 8);
    expect(name['Fn::Join'][1][1]).toEqual({ 'Fn::Select': [0, { 'Fn::Split': ['-', { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] }] }] });
  });
});

describe('an image', () => {
  const pulled = (stack: Stack, image: SageMakerImage) => {
    const { uri, policies } = image.bind(stack);
    return { uri: render(stack.resolve(uri)), pulls: policies.map(policy => render(stack.resolve(policy.toJSON()))).map(({ Action, Resource }) => [[Action].flat().length, Resource]) };
  };

  test('scikit-learn is found in every region, by a mapping', () => {
    const stack = new Stack(new App(), 'test');
    const { uri, policies } = SageMakerImage.scikitLearn().bind(stack);
    SageMakerImage.scikitLearn('1.2-1').bind(new Construct(stack, 'Other'));
    const account = { 'Fn::FindInMap': ['ScikitLearnAccounts', { Ref: 'AWS::Region' }, 'account'] };
    const { Mappings, Rules } = Template.fromStack(stack).toJSON();

    expect(stack.resolve(uri)).toEqual({ 'Fn::Join': ['', [account, '.dkr.ecr.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }, '/sagemaker-scikit-learn:1.4-2-cpu-py3']] });
    expect(stack.resolve(policies[0].toJSON())).toMatchObject({ Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'] });
    expect(stack.resolve(policies[1].toJSON())).toMatchObject({ Action: 'ecr:GetAuthorizationToken', Resource: '*' });
    expect(Mappings.ScikitLearnAccounts['us-east-1']).toEqual({ account: '683313688378' });
    expect(Rules.ScikitLearnRegions.Assertions).toEqual([{
      Assert: { 'Fn::Contains': [Object.keys(Mappings.ScikitLearnAccounts), { Ref: 'AWS::Region' }] }, AssertDescription: 'SageMaker has no ScikitLearn image in this region',
    }]);
  });

  test('scikit-learn in a known region needs no mapping, and there must be one there', () => {
    const stack = (region: string) => new Stack(new App(), 'test', { env: { region } });

    expect(pulled(stack('eu-west-1'), SageMakerImage.scikitLearn()).uri).toBe('141502667606.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3');
    expect(() => SageMakerImage.scikitLearn().bind(stack('eu-west-9')))
      .toThrow(new Error("'region' must be a region with SageMaker's ScikitLearn image, got 'eu-west-9': did you mean 'eu-west-1'?"));
  });

  test('from a repository, or by its URI, is pulled from there alone', () => {
    const stack = new Stack(new App(), 'test');

    expect(pulled(stack, SageMakerImage.fromEcr(ecr.Repository.fromRepositoryName(stack, 'Repository', 'acme/train'), 'v1'))).toEqual({
      uri: '000000000000.dkr.ecr.us-east-1.amazonaws.com/acme/train:v1', pulls: [[3, 'arn:aws:ecr:us-east-1:000000000000:repository/acme/train'], [1, '*']],
    });
    const digest = 'a1'.repeat(32);
    expect(pulled(stack, SageMakerImage.fromUri(`123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/train@sha256:${digest}`))).toEqual({
      uri: `123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/train@sha256:${digest}`, pulls: [[3, 'arn:aws:ecr:eu-west-1:123456789012:repository/acme/train'], [1, '*']],
    });
  });

  test('that does not exist is refused', () => {
    expect(() => SageMakerImage.scikitLearn('1.4-3')).toThrow(new Error("'version' must be a version of the scikit-learn image (1.0-1, 1.2-1 or 1.4-2), got '1.4-3': did you mean '1.4-2'?"));
    expect(() => SageMakerImage.fromUri('python:3.12'))
      .toThrow(new Error("'uri' must be the URI of an image in ECR, <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>, got 'python:3.12'"));
    expect(() => SageMakerImage.fromUri(Fn.join('', [Aws.ACCOUNT_ID, '.dkr.ecr.eu-west-1.amazonaws.com/a:b'])))
      .toThrow(new Error("'uri' must be known at synth, got a reference: for an image in a repository that CDK knows, use fromEcr"));
  });
});

test("a role is SageMaker's in this account only, and may log and count, no more", () => {
  const stack = new Stack(new App(), 'test');
  new SageMakerRole(stack, 'Role', 'TrainingJobs');
  const template = Template.fromStack(stack);

  expect(resource(template, 'AWS::IAM::Role').Properties).toEqual({
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'sagemaker.amazonaws.com' }, Condition: { StringEquals: { 'aws:SourceAccount': '000000000000' } } }],
    },
  });
  expect(allowed(template, 'Role')).toEqual([
    {
      actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'],
      resources: ['arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/TrainingJobs*'], condition: undefined,
    },
    { actions: ['cloudwatch:PutMetricData'], resources: ['*'], condition: { StringLike: { 'cloudwatch:namespace': '*aws/sagemaker*' } } },
  ]);
});

describe('in a VPC', () => {
  const vpcIn = (stack: Stack) => ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a', 'b'], privateSubnetIds: ['subnet-1', 'subnet-2'], publicSubnetIds: ['subnet-3', 'subnet-4'] });

  test('containers are in the private subnets and a group of their own', () => {
    const stack = new Stack(new App(), 'test');
    const network = joinVpc(stack, new SageMakerRole(stack, 'Role', 'Endpoints'), { vpc: vpcIn(stack) });
    const template = Template.fromStack(stack);

    expect(render(stack.resolve(network))).toEqual({ Subnets: ['subnet-1', 'subnet-2'], SecurityGroupIds: [expect.stringMatching(/^<SecurityGroup.*\.GroupId>$/)] });
    expect(resource(template, 'AWS::EC2::SecurityGroup').Properties).toMatchObject({ GroupDescription: 'Containers of test', VpcId: 'vpc-1', SecurityGroupEgress: [{ CidrIp: '0.0.0.0/0', IpProtocol: '-1' }] });
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
    expect(allowed(template, 'Role')[2].actions).toHaveLength(9);
  });

  test('those that must talk to each other may', () => {
    const stack = new Stack(new App(), 'test');
    joinVpc(stack, new SageMakerRole(stack, 'Role', 'TrainingJobs'), { vpc: vpcIn(stack), internalTraffic: true });
    const { GroupId, SourceSecurityGroupId, IpProtocol } = resource(Template.fromStack(stack), 'AWS::EC2::SecurityGroupIngress').Properties;

    expect(IpProtocol).toBe('-1');
    expect(GroupId).toBe(SourceSecurityGroupId);
  });

  test('subnets and groups may be named', () => {
    const stack = new Stack(new App(), 'test');
    const network = joinVpc(stack, new SageMakerRole(stack, 'Role', 'Endpoints'), {
      vpc: vpcIn(stack), subnets: { subnetType: ec2.SubnetType.PUBLIC }, securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Group', 'sg-1')], internalTraffic: true,
    });

    expect(network).toEqual({ Subnets: ['subnet-3', 'subnet-4'], SecurityGroupIds: ['sg-1'] });
    Template.fromStack(stack).resourceCountIs('AWS::EC2::SecurityGroup', 0);
  });
});
