import { at, Fault } from './fault';

/** What any stack can have wrong: references, properties, functions and networks. */
export const STACK: Fault[] = [
  { name: 'attribute-unknown', judge: 'cfn-lint', rule: 'E1010', harm: at('ExperimentTracker/Resource', p => { p.RoleArn['Fn::GetAtt'][1] = 'Address'; }) },
  { name: 'reference-to-nothing', judge: 'aws-cdk-lib', rule: 'F1020', harm: at('ModelEndpoint/Sweep/Resource', p => { p.LoggingConfig.LogGroup.Ref = 'Nowhere'; }) },
  { name: 'property-unknown', judge: 'aws-cdk-lib', rule: 'F3002', harm: at('ModelRegistry/Resource', p => { p.ModelPackageGroupNames = []; }) },
  { name: 'dependency-cycle', judge: 'cfn-lint', rule: 'E3004', harm: at('ModelEndpoint/SweepLog/Resource', (_, resource) => { resource.DependsOn = 'ModelEndpointSweep3F55C53A'; }) },
  { name: 'runtime-ended', judge: 'aws-cdk-lib', rule: 'E2533', harm: at('ModelEndpoint/Sweep/Resource', p => { p.Runtime = 'nodejs12.x'; }) },
  { name: 'function-url-public', judge: 'control tower', rule: 'CT.LAMBDA.PR.5', harm: at('extras/Url', p => { p.AuthType = 'NONE'; }) },
  { name: 'security-group-open', judge: 'cdk-nag', rule: 'AwsSolutions-EC23', harm: at('extras/SecurityGroup', p => { p.SecurityGroupIngress[0].CidrIp = '0.0.0.0/0'; }) },
  { name: 'notebook-on-the-internet', judge: 'control tower', rule: 'CT.SAGEMAKER.PR.1', harm: at('extras/Notebook', p => { p.DirectInternetAccess = 'Enabled'; }) },
];
