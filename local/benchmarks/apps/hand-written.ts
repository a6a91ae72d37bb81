/** Resources of the full stack's types, as many of each, by aws-cdk-lib's own constructs. */
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sagemaker from 'aws-cdk-lib/aws-sagemaker';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';

const app = new App();
const stack = new Stack(app, 'hand-written');
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

const [key] = times(2, index => new kms.Key(stack, `Key${index}`, { enableKeyRotation: true }));
const bucket = new s3.Bucket(stack, 'Bucket', { encryptionKey: key, enforceSSL: true, versioned: true, eventBridgeEnabled: true, removalPolicy: RemovalPolicy.RETAIN });
const [role] = times(3, index => {
  const made = new iam.Role(stack, `Role${index}`, { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com') });
  made.addToPolicy(new iam.PolicyStatement({ actions: ['s3:GetObject', 's3:PutObject'], resources: [bucket.arnForObjects('training/*')] }));
  made.addToPolicy(new iam.PolicyStatement({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [key.keyArn] }));
  return made;
});
new sagemaker.CfnMlflowApp(stack, 'MlflowApp', { name: 'tracker', roleArn: role.roleArn, artifactStoreUri: bucket.s3UrlForObject('mlflow') });
new sagemaker.CfnModelPackageGroup(stack, 'Group', { modelPackageGroupName: 'models' });
const topic = new sns.Topic(stack, 'Topic', { masterKey: key, enforceSSL: true });
const table = new dynamodb.Table(stack, 'Table', { partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING } });
const sweep = new lambda.Function(stack, 'Sweep', {
  runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', code: lambda.Code.fromInline('exports.handler = async () => {};'), logGroup: new logs.LogGroup(stack, 'SweepLog'),
});
const alarms = times(5, index => new cloudwatch.Metric({ namespace: 'AWS/SageMaker', metricName: `Metric${index}` }).createAlarm(stack, `Alarm${index}`, { threshold: 1, evaluationPeriods: 1 }));
new cloudwatch.CompositeAlarm(stack, 'Composite', { alarmRule: cloudwatch.AlarmRule.allOf(...alarms) });
new cloudwatch.Dashboard(stack, 'Dashboard', { widgets: [[new cloudwatch.AlarmStatusWidget({ alarms }), new cloudwatch.GraphWidget({ left: [topic.metricNumberOfMessagesPublished()] })]] });

const definition = (name: string) => sfn.Chain.start(new tasks.LambdaInvoke(stack, `${name}Call`, { lambdaFunction: sweep }))
  .next(new tasks.DynamoPutItem(stack, `${name}Turn`, { table, item: { id: tasks.DynamoAttributeValue.fromString(name) } }))
  .next(new tasks.CallAwsService(stack, `${name}Train`, { service: 'sagemaker', action: 'createTrainingJob', iamResources: ['*'], parameters: { TrainingJobName: name } }))
  .next(new tasks.SnsPublish(stack, `${name}Alert`, { topic, message: sfn.TaskInput.fromText(name) }));
const machines = times(4, index => new sfn.StateMachine(stack, `Machine${index}`, {
  definitionBody: sfn.DefinitionBody.fromChainable(definition(`Machine${index}`)),
  logs: { destination: new logs.LogGroup(stack, `Log${index}`), level: sfn.LogLevel.ALL },
}));
machines.forEach((machine, index) => new events.Rule(stack, `Rule${index}`, { eventPattern: { source: [`source${index}`] }, targets: [new targets.SfnStateMachine(machine)] }));
times(8, index => new ssm.StringParameter(stack, `Parameter${index}`, { stringValue: topic.topicArn }));
app.synth();
