import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ExternalEndpoint } from '../core';
import { acknowledge } from '../core/acknowledge';
import { allow, grant } from '../core/grants';
import { Handler } from '../core/handler';
import { refuseRoute } from '../core/routes';
import { ICapturingEndpoint } from '../model-endpoint/model-endpoint';

/** Properties of a `CaptureForwarder`. */
export interface CaptureForwarderProps {
  /** Whose traffic is forwarded. */
  readonly endpoint: ICapturingEndpoint;
  /** Who receives it, and how it is known there. */
  readonly vendor: ExternalEndpoint;
  /** How the vendor is told: a name of handlers/forward/formats. */
  readonly format: string;
  /** What the format has to know. */
  readonly options?: { [name: string]: any };
  /** The features' names, in the order of the columns. */
  readonly features?: string[];
}

/** A file is tried for about an hour. */
const ATTEMPTS = { count: 10, every: Duration.minutes(6) };

/** Hands each file of captured traffic to a vendor: rule, queue, one shared function. What is not taken waits in a dead-letter queue, and alarms. */
export class CaptureForwarder extends Construct {
  /** Alarms when traffic did not reach the vendor. */
  public readonly alarm: cloudwatch.Alarm;
  /** Holds what the vendor did not take, for two weeks: redrive it when the vendor is back. */
  public readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: CaptureForwarderProps) {
    super(scope, id);
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', { enforceSSL: true, encryption: sqs.QueueEncryption.SQS_MANAGED, retentionPeriod: Duration.days(14) });
    const queue = new sqs.Queue(this, 'Captured', {
      enforceSSL: true, encryption: sqs.QueueEncryption.SQS_MANAGED, visibilityTimeout: ATTEMPTS.every, deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: ATTEMPTS.count },
    });
    props.endpoint.onCaptured(`${scope.node.id}Forwarded`, new targets.SqsQueue(queue));
    const forwarder = this.forwarder(props);
    grant(forwarder, [allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], [queue.queueArn])], 'takes what is to be forwarded');
    const mapping = forwarder.addEventSourceMapping('Queue', { eventSourceArn: queue.queueArn, batchSize: 1, reportBatchItemFailures: true });
    // Lambda tries the permission when the mapping is made.
    mapping.node.addDependency(forwarder.role!);
    this.alarm = new cloudwatch.Alarm(this, 'Unforwarded', {
      metric: this.deadLetters.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5), statistic: 'Maximum' }), threshold: 1, evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD, treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      alarmDescription: `Captured traffic did not reach ${props.vendor.url}: look at the function's log, then redrive the dead letters`,
    });
    acknowledge(this.alarm, ['CT.CLOUDWATCH.PR.1', 'NIST.800.53.R5-CloudWatchAlarmAction'], "a change of state is an event, which reaches whoever asks for it with 'onUnhealthy'");
    acknowledge(this, ['CKV_AWS_27'], 'it holds addresses of files; SQS encrypts at rest with a key of its own');
    acknowledge(this.deadLetters, ['CT.SQS.PR.1'], 'it is the dead-letter queue');
  }

  private forwarder({ endpoint, vendor, format, options = {}, features }: CaptureForwarderProps): Handler {
    refuseRoute(this, vendor.url, 'the function that forwards captured traffic is in no VPC');
    const forwarder = new Handler(this, 'Forwarder', {
      name: 'forward', description: `Hands captured traffic to ${vendor.url}`, timeout: Duration.minutes(1), memorySize: 512, credential: vendor.auth.credential, policies: vendor.auth.policies,
      environment: {
        VENDOR: Stack.of(this).toJsonString({ url: vendor.url, format, options, features, source: endpoint.captureUri }),
        CREDENTIALS: Stack.of(this).toJsonString(vendor.auth.credentials('${CREDENTIAL}', vendor.url)),
      },
      without: {
        deadLetters: 'its queue has the dead letters', reservedConcurrency: 'endpoints write a file every few seconds at most', vpc: 'the vendor is reached over the internet',
      },
    });
    grant(forwarder, endpoint.capturePolicies(), 'reads captured traffic');
    return forwarder;
  }
}
