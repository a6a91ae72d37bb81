import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Caller } from '../../../core/handlers/request/caller';
import { send } from '../../../core/handlers/request/http';
import { identity, secretReader } from '../../../core/handlers/request/secret';
import { forward, Surroundings } from './forward';

const { VENDOR, CREDENTIALS, SECRET_ARN, SECRET_FIELD } = process.env as { [name: string]: string };
const vendor = JSON.parse(VENDOR);
const store = new S3Client({});
const now = () => Date.now();

const surroundings: Surroundings = {
  now,
  read: async address => {
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address)!;
    const { Body } = await store.send(new GetObjectCommand({ Bucket, Key }));
    return Body!.transformToString('utf-8');
  },
  caller: new Caller({ url: vendor.url, credentials: JSON.parse(CREDENTIALS) }, { now, secret: secretReader(SECRET_ARN, SECRET_FIELD), identity, send }),
};

interface Messages {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

/** Takes what the queue hands over; what fails stays in the queue. */
export async function handler({ Records }: Messages) {
  const batchItemFailures: { itemIdentifier: string }[] = [];
  for (const { messageId, body } of Records) {
    const { address } = JSON.parse(body);
    try {
      console.log(JSON.stringify({ forwarded: address, rows: await forward(address, vendor, surroundings) }));
    } catch (error) {
      console.error(JSON.stringify({ failed: address, message: (error as Error).message }));
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
}
