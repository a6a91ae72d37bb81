import { RemovalPolicy } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';

/** What a component writes about itself: kept for three months, unless `props` say otherwise, and no longer than the component. */
export class Log extends logs.LogGroup {
  constructor(scope: Construct, id: string, props: logs.LogGroupProps = {}) {
    super(scope, id, { retention: logs.RetentionDays.THREE_MONTHS, removalPolicy: RemovalPolicy.DESTROY, ...props });
    acknowledge(this, ['CKV_AWS_158', 'NIST.800.53.R5-CloudWatchLogGroupEncrypted', 'CT.CLOUDWATCH.PR.3'], 'CloudWatch Logs encrypts at rest with a key of its own; no secret is logged');
    acknowledge(this, ['CT.CLOUDWATCH.PR.2'], 'it helps to find a fault; what must be kept is in the registry and the tracker');
  }
}
