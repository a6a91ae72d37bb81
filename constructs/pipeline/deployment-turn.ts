import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { Call, Step } from '../core';
import { acknowledge } from '../core/acknowledge';
import { allow } from '../core/grants';

/** The condition of a write did not hold, as the optimized and the SDK integration call it. */
const CONDITION_FAILED = ['DynamoDB.ConditionalCheckFailedException', 'DynamoDb.ConditionalCheckFailedException'];

/**
 * Lets one deployment go at a time, the newest. Every deployment draws a ticket, which sorts by the time of the approval;
 * only the holder of the newest ticket may take the turn, and only when nobody has it. One item of a table holds both.
 */
export class DeploymentTurn extends Construct {
  private readonly table: dynamodb.Table;

  /** @param ticket JSONata; a string that sorts by age and is the same for the same approval */
  constructor(scope: Construct, id: string, private readonly ticket: string) {
    super(scope, id);
    this.table = new dynamodb.Table(this, 'Table', {
      partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING }, billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Who has the turn means nothing without the machine that takes it.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(this.table, ['CKV_AWS_119', 'CT.DYNAMODB.PR.2', 'NIST.800.53.R5-DynamoDBInBackupPlan', 'STATEFUL_RETAINED'],
      'one item, which says whose turn it is: no data, and nothing to restore; DynamoDB encrypts it with a key of its own');
  }

  /** Draws a ticket. Result: `newest`, whether no newer approval, nor this one before, has drawn one; `seen`, the newest. */
  public draw(scope: Construct, id: string): Step {
    return new Step(scope, id, {
      calls: [
        this.write('drawn', 'SET newest = :ticket', 'attribute_not_exists(newest) OR newest < :ticket', { ':ticket': { S: this.ticket } }),
        this.read('seen'),
      ],
      result: { newest: '{% $not($exists($drawn.Error)) %}', seen: '{% $seen.Item.newest.S %}' },
    });
  }

  /** Tries to take the turn. Result: `mine`; `newest`, whether no newer approval came; `holder`, who has it, or empty. */
  public take(scope: Construct, id: string): Step {
    return new Step(scope, id, {
      calls: [
        this.write('taken', 'SET holder = :me', 'newest = :ticket AND (attribute_not_exists(holder) OR holder = :me)', { ':me': ME, ':ticket': { S: this.ticket } }),
        this.read('seen'),
      ],
      result: {
        mine: '{% $not($exists($taken.Error)) %}',
        newest: `{% $seen.Item.newest.S = ${this.ticket.slice(2, -2)} %}`,
        seen: '{% $seen.Item.newest.S %}',
        holder: "{% $exists($seen.Item.holder.S) ? $seen.Item.holder.S : '' %}",
      },
    });
  }

  /** Gives the turn of `holder` (default: this execution) back. Result: `freed`. */
  public free(scope: Construct, id: string, holder?: string): Step {
    return new Step(scope, id, {
      calls: [this.write('given', 'REMOVE holder', 'holder = :holder', { ':holder': holder === undefined ? ME : { S: holder } })],
      result: { freed: '{% $not($exists($given.Error)) %}' },
    });
  }

  private write(name: string, update: string, condition: string, values: { [name: string]: any }): Call {
    return {
      name, resource: 'dynamodb:updateItem', accept: CONDITION_FAILED, policies: [allow(['dynamodb:UpdateItem'], [this.table.tableArn])],
      arguments: { TableName: this.table.tableName, Key: KEY, UpdateExpression: update, ConditionExpression: condition, ExpressionAttributeValues: values },
    };
  }

  private read(name: string): Call {
    return {
      name, resource: 'dynamodb:getItem', policies: [allow(['dynamodb:GetItem'], [this.table.tableArn])],
      arguments: { TableName: this.table.tableName, Key: KEY, ConsistentRead: true },
    };
  }
}

const KEY = { id: { S: 'turn' } };
const ME = { S: '{% $states.context.Execution.Id %}' };
