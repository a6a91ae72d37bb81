import { ArnFormat, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from '../core/acknowledge';
import { allow, grant } from '../core/grants';

/** A role that SageMaker takes: logs and metrics of its jobs and containers, and nothing else until it is granted. */
export class SageMakerRole extends iam.Role {
  /** @param logs the log group that SageMaker writes for this kind of work, such as `TrainingJobs`; none where it runs no container of ours */
  constructor(scope: Construct, id: string, logs?: string) {
    super(scope, id, { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } } }) });
    if (logs === undefined) return;
    const group = (name: string) => Stack.of(this).formatArn({ service: 'logs', resource: 'log-group', resourceName: name, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    grant(this, [allow(['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'], [group(`/aws/sagemaker/${logs}*`)])], 'writes its log');
    grant(this, [allow(['cloudwatch:PutMetricData'], ['*'], { StringLike: { 'cloudwatch:namespace': '*aws/sagemaker*' } })], 'reports the metrics of its containers');
    acknowledge(this, ['AwsSolutions-IAM5[Resource::*]'], "PutMetricData and ECR's GetAuthorizationToken take no resource; a namespace narrows the first");
  }
}
