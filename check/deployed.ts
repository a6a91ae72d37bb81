import { attribute, evaluate, substituted } from './intrinsics';

/** What a deployment to aws, us-east-1, account 111122223333 makes of the pseudo parameters. */
const PSEUDO: { [name: string]: string } = {
  'AWS::Partition': 'aws', 'AWS::Region': 'us-east-1', 'AWS::AccountId': '111122223333', 'AWS::URLSuffix': 'amazonaws.com', 'AWS::StackName': 'stack',
  'AWS::StackId': 'arn:aws:cloudformation:us-east-1:111122223333:stack/stack/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f', 'AWS::NoValue': '',
};

const regional = (service: string, resource: string) => `arn:aws:${service}:us-east-1:111122223333:${resource}`;

/** The ARN of a resource by its type. */
const ARN: { [type: string]: (name: string) => string } = {
  'AWS::CloudWatch::Alarm': name => regional('cloudwatch', `alarm:${name}`),
  'AWS::DynamoDB::Table': name => regional('dynamodb', `table/${name}`),
  'AWS::Events::Connection': name => regional('events', `connection/${name}/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f`),
  'AWS::IAM::Role': name => `arn:aws:iam::111122223333:role/${name}`,
  'AWS::KMS::Key': () => regional('kms', 'key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f'),
  'AWS::Lambda::Function': name => regional('lambda', `function:${name}`),
  'AWS::Logs::LogGroup': name => regional('logs', `log-group:${name}:*`),
  'AWS::S3::Bucket': name => `arn:aws:s3:::${name.toLowerCase()}`,
  'AWS::SageMaker::MlflowApp': name => regional('sagemaker', `mlflow-app/${name}`),
  'AWS::SageMaker::PartnerApp': name => regional('sagemaker', `partner-app/${name}`),
  'AWS::SageMaker::ModelPackageGroup': name => regional('sagemaker', `model-package-group/${name}`),
  'AWS::SecretsManager::Secret': name => regional('secretsmanager', `secret:${name}-AbCdEf`),
  'AWS::SNS::Topic': name => regional('sns', name),
  'AWS::SQS::Queue': name => regional('sqs', name),
  'AWS::StepFunctions::StateMachine': name => regional('states', `stateMachine:${name}`),
};

/** Attributes other than `Arn` whose values are ARNs. */
const ATTRIBUTES: { [attribute: string]: string } = {
  SecretArn: regional('secretsmanager', 'secret:events!connection/name/0a1b2c3d-AbCdEf'), ArnForPolicy: regional('events', 'connection/name'),
};

/** Types whose `Ref` is the ARN. */
const REFS_ARN = ['AWS::SNS::Topic', 'AWS::SecretsManager::Secret', 'AWS::StepFunctions::StateMachine'];

/** `value` of the template `body` as a deployment would have it, with made-up names: for judges that take finished text only. */
export function deployed(value: any, body: any): any {
  const typeOf = (id: string): string => body.Resources?.[id]?.Type;
  const arn = (id: string): string => ARN[typeOf(id)]?.(id) ?? regional('unknown', id);
  return evaluate(value, {
    'Ref': id => PSEUDO[id] ?? (REFS_ARN.includes(typeOf(id)) ? arn(id) : id.toLowerCase()),
    'Fn::GetAtt': argument => {
      const [id, name] = attribute(argument);
      return ATTRIBUTES[name] ?? (name.endsWith('Arn') ? arn(id) : `${id}-${name}`);
    },
    'Fn::Join': ([separator, parts], of) => parts.map(of).join(separator),
    'Fn::Select': ([index, list], of) => of(list)[index],
    'Fn::Split': ([separator, whole], of) => of(whole).split(separator),
    'Fn::Sub': substituted,
    'Fn::FindInMap': ([map, , key], of) => Object.values<any>(body.Mappings[map])[0][of(key)],
    'Fn::If': ([, chosen], of) => of(chosen),
  });
}
