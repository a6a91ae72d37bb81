import { allow, at, Fault } from './fault';

const TRAINER = 'ModelTrainer/Role';

/** Who may do what, and who may take a role. */
export const PERMISSIONS: Fault[] = [
  { name: 'all-of-sagemaker', judge: 'cdk-nag', rule: 'AwsSolutions-IAM5[Action::sagemaker:*]', harm: allow(TRAINER, { Action: 'sagemaker:*', Resource: '*' }) },
  { name: 'full-access', judge: 'cdk-nag', rule: 'AwsSolutions-IAM4[Policy::arn:aws:iam::aws:policy/AmazonSageMakerFullAccess]', harm: at(`${TRAINER}/Resource`, p => { p.ManagedPolicyArns = ['arn:aws:iam::aws:policy/AmazonSageMakerFullAccess']; }) },
  { name: 'administrator', judge: 'checkov', rule: 'CKV_AWS_62', harm: allow(TRAINER, { Action: '*', Resource: '*' }) },
  { name: 'action-misspelt', judge: 'parliament', rule: 'UNKNOWN_ACTION', harm: allow(TRAINER, { Action: 'sagemaker:CreateTrainingJobb', Resource: '*' }) },
  { name: 'objects-of-a-bucket-by-its-arn', judge: 'parliament', rule: 'RESOURCE_MISMATCH', harm: allow(TRAINER, { Action: 's3:GetObject', Resource: 'arn:aws:s3:::acme-data' }) },
  { name: 'any-role-passed', judge: 'parliament', rule: 'RESOURCE_STAR', harm: allow(TRAINER, { Action: 'iam:PassRole', Resource: '*' }) },
  { name: 'trust-in-everyone', judge: 'checkov', rule: 'CKV_AWS_60', harm: at(`${TRAINER}/Resource`, p => { p.AssumeRolePolicyDocument.Statement[0].Principal = { AWS: '*' }; }) },
  {
    name: 'http-task-to-hosts-alike', app: 'examples/bring-your-own-vendor', judge: 'our rules', rule: 'HTTP_TASK_ADDRESS',
    harm: at('Orchestrator/deployment/Role/DefaultPolicy/Resource', p => {
      const { StringLike } = p.PolicyDocument.Statement.find((each: any) => each.Action === 'states:InvokeHTTPEndpoint').Condition;
      StringLike['states:HTTPEndpoint'] = 'https://inference.acme.example*';
    }),
  },
  { name: 'key-for-everyone', judge: 'checkov', rule: 'CKV_AWS_33', harm: at('compose-your-own/ArtifactStore/Key/Resource', p => { p.KeyPolicy.Statement[0].Principal = { AWS: '*' }; }) },
];
