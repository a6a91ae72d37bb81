import { type ConditionalCheckFailedException, DeleteItemCommand, DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Answer, receive, Request, Surroundings } from './receive';
import { WINDOW } from './signatures';

/** Milliseconds for which the secret is kept: a rotated one is known after that. */
const KEPT = 60_000;

/** Seconds after which an attempt that has not ended is taken to be dead; the function has less. */
const LEASE = 30;

const { SECRET_ARN, SECRET_FIELD, SIGNATURE, TABLE, BUS, SOURCE } = process.env as { [name: string]: string };
const secrets = new SecretsManagerClient({});
const table = new DynamoDBClient({});
const bus = new EventBridgeClient({});
let kept: { readonly text: string; readonly until: number } | undefined;

const seconds = () => Math.floor(Date.now() / 1000);
const key = (delivery: string) => ({ TableName: TABLE, Key: { delivery: { S: delivery } } });

const surroundings: Surroundings = {
  now: () => Date.now(),
  secret: async () => {
    if (!kept || kept.until < Date.now()) {
      const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: SECRET_ARN }));
      kept = { text: SECRET_FIELD ? field(SecretString) : SecretString, until: Date.now() + KEPT };
    }
    return kept.text;
  },
  claim: async delivery => {
    const now = seconds();
    try {
      await table.send(new PutItemCommand({
        TableName: TABLE,
        Item: { delivery: { S: delivery }, lease: { N: `${now + LEASE}` }, expires: { N: `${now + 12 * WINDOW}` } },
        ConditionExpression: 'attribute_not_exists(delivery) OR lease < :now OR expires < :now',
        ExpressionAttributeValues: { ':now': { N: `${now}` } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }));
      return 'ours';
    } catch (error) {
      if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
      return (error as ConditionalCheckFailedException).Item?.lease ? 'busy' : 'done';
    }
  },
  settle: async delivery => {
    await table.send(new UpdateItemCommand({ ...key(delivery), UpdateExpression: 'REMOVE lease' }));
  },
  release: async delivery => {
    await table.send(new DeleteItemCommand(key(delivery)));
  },
  put: async Detail => {
    const { FailedEntryCount, Entries } = await bus.send(new PutEventsCommand({ Entries: [{ EventBusName: BUS, Source: SOURCE, DetailType: 'webhook', Detail }] }));
    if (FailedEntryCount) throw new Error(`the bus refused the event: ${Entries?.[0].ErrorCode}`);
  },
};

function field(text: string): string {
  const value = JSON.parse(text)[SECRET_FIELD];
  return typeof value === 'string' ? value : '';
}

export const handler = (request: Request): Promise<Answer> => receive(request, JSON.parse(SIGNATURE), surroundings);
