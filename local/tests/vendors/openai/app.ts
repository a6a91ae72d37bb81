/** State machines that ask a model for answers and for vectors, and a binding that is published. */
import { SecretValue } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, IModelEndpoint, OpenAiModelEndpoint, OpenAiTask, Publication } from '../../../../lib';
import { app, given } from '../app';

app('openai', (stack, urls) => {
  const [answers, vectors] = urls.split(',');
  const secret = new secretsmanager.Secret(stack, 'Secret', {
    secretObjectValue: { key: SecretValue.unsafePlainText('key-of-the-test'), wrong: SecretValue.unsafePlainText('wrong') },
  });
  const model = { model: 'smollm2', auth: Auth.bearer(secret, 'key') };
  const chat: IModelEndpoint = new OpenAiModelEndpoint(stack, 'Chat', {
    ...model, url: answers, instructions: 'Answer in one sentence', parameters: { temperature: 0, seed: 1, max_tokens: 24 },
  });
  const embedding: IModelEndpoint = new OpenAiModelEndpoint(stack, 'Embedding', { ...model, url: vectors, task: OpenAiTask.EMBEDDING });
  const stranger: IModelEndpoint = new OpenAiModelEndpoint(stack, 'Stranger', { ...model, url: answers, auth: Auth.bearer(secret, 'wrong') });
  new Publication(stack, 'Publish', { component: 'model-endpoint', of: chat });
  return {
    Chat: chat.infer(stack, 'Chatted', { instances: given('rows') }),
    Embed: embedding.infer(stack, 'Embed', { instances: given('rows') }),
    Refused: stranger.infer(stack, 'Refused', { instances: given('rows') }),
  };
});
