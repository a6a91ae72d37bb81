import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { WebhookSignature } from '../core';
import { acknowledge } from '../core/acknowledge';
import { allow, grant } from '../core/grants';
import { AWS_ALONE, Handler } from '../core/handler';
import { Log } from '../core/log';
import { check, like, text } from '../core/validation';

/** Properties of a `WebhookIngress`. */
export interface WebhookIngressProps {
  /** Holds what the vendor signs with. It is read at run time, so that a rotated one is known within a minute. */
  readonly secret: ISecret;
  /**
   * The field of `secret`.
   * @default - the whole secret
   */
  readonly secretField?: string;
  /** How the vendor shows that a request is its own. */
  readonly signature: WebhookSignature;
}

/** Requests a second, and at once, before API Gateway answers 429, on which vendors try again. */
const THROTTLE = { rateLimit: 20, burstLimit: 40 };

const SOURCE = 'mlops.webhook';

/**
 * A public address that takes the webhooks of one vendor and passes the body of each signed one, unchanged and once, on to a bus of its own. A request
 * that is not signed, that says it was signed more than five minutes ago, that has more than 200,000 bytes or is no JSON object is refused and reaches no bus.
 * What a body means is for the rules on the bus.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html
 */
export class WebhookIngress extends Construct {
  /** What the vendor posts to: an https:// URL. */
  public readonly url: string;
  /** Receives the bodies, each as the `detail` of an event. Nobody but this ingress is granted to put events there. */
  public readonly bus: events.EventBus;
  /** Matches every body; a rule adds its `detail`. */
  public readonly pattern: events.EventPattern = { source: [SOURCE] };

  constructor(scope: Construct, id: string, props: WebhookIngressProps) {
    super(scope, id);
    check(props, z => ({
      secret: like(z, 'a secret (secretsmanager.ISecret)', 'secretArn', 'secretValueFromJson'),
      secretField: text(z, /^[\w.\-/+=@]{1,256}$/, "a field of the secret's JSON, of letters, digits and _ . - / + = @"),
      signature: like(z, 'a WebhookSignature', 'form', 'headers'),
    }), 'secret', 'signature');
    this.bus = new events.EventBus(this, 'Bus');
    const api = this.api(this.receiver(props, this.deliveries()));
    this.url = api.apiEndpoint;
    new CfnOutput(this, 'Url', { value: this.url, description: 'The vendor posts its webhooks here' });
  }

  /** What was passed on already, for as long as its signature would be taken. */
  private deliveries(): dynamodb.Table {
    const table = new dynamodb.Table(this, 'Deliveries', {
      partitionKey: { name: 'delivery', type: dynamodb.AttributeType.STRING }, billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expires', removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(table, [
      'CKV_AWS_28', 'AwsSolutions-DDB3', 'NIST.800.53.R5-DynamoDBInBackupPlan', 'NIST.800.53.R5-DynamoDBPITREnabled', 'CT.DYNAMODB.PR.1', 'STATEFUL_RETAINED',
    ], 'what it holds is of no use after an hour');
    acknowledge(table, ['CKV_AWS_119', 'CT.DYNAMODB.PR.2'], 'it holds signatures that were used up; DynamoDB encrypts at rest with a key of its own');
    return table;
  }

  private receiver({ secret, secretField, signature }: WebhookIngressProps, table: dynamodb.Table): Handler {
    const receiver = new Handler(this, 'Receiver', {
      name: 'webhook', description: 'Verifies webhooks and passes them on', timeout: Duration.seconds(20), credential: { secret, field: secretField },
      environment: {
        SIGNATURE: JSON.stringify({ form: signature.form, headers: signature.headers, prefix: signature.prefix, encodedKey: signature.encodedKey }),
        TABLE: table.tableName, BUS: this.bus.eventBusName, SOURCE,
      },
      without: {
        deadLetters: 'the vendor waits for its answer, and tries again', reservedConcurrency: 'API Gateway holds the requests to a few a second', vpc: AWS_ALONE,
      },
    });
    grant(receiver, [allow(['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'], [table.tableArn])], 'takes each webhook once');
    const bus = Stack.of(this).formatArn({ service: 'events', resource: 'event-bus', resourceName: this.bus.eventBusName });
    grant(receiver, [allow(['events:PutEvents'], [bus])], 'passes on what is signed');
    return receiver;
  }

  private api(receiver: Handler): apigateway.HttpApi {
    const api = new apigateway.HttpApi(this, 'Api', { createDefaultStage: false });
    api.addRoutes({ path: '/', methods: [apigateway.HttpMethod.POST], integration: new HttpLambdaIntegration('Receiver', receiver) });
    acknowledge(api, ['AwsSolutions-APIG4', 'CT.APIGATEWAY.PR.5'], 'vendors sign what they post, over all of the body, which no authorizer sees: the function verifies it');
    acknowledge(api, ['CT.LAMBDA.PR.2'], 'the permission names this API, in this account');
    const log = new Log(this, 'AccessLog');
    new apigateway.HttpStage(this, 'Stage', {
      httpApi: api, stageName: '$default', autoDeploy: true, throttle: THROTTLE, accessLogSettings: { destination: new apigateway.LogGroupLogDestination(log) },
    });
    return api;
  }
}
