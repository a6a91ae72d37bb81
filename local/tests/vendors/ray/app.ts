/** State machines that train on a Ray cluster. */
import { join } from 'path';
import { Duration, SecretValue } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, IModelTrainer, RayModelTrainer } from '../../../../lib';
import { app, given } from '../app';

app('ray', (stack, url, artifactStore) => {
  const secret = new secretsmanager.Secret(stack, 'Secret', {
    secretObjectValue: { token: SecretValue.unsafePlainText('a-token-of-thirty-two-characters'), wrong: SecretValue.unsafePlainText('another-token-of-32-characters--') },
  });
  const trainer: IModelTrainer = new RayModelTrainer(stack, 'Trainer', { url, artifactStore, auth: Auth.bearer(secret, 'token'), entrypoint: 'echo nothing is left' });
  const stranger: IModelTrainer = new RayModelTrainer(stack, 'Stranger', { url, artifactStore, auth: Auth.bearer(secret, 'wrong'), entrypoint: 'true' });
  const training = { source: join(__dirname, 'source'), inputs: { train: given('data') }, hyperparameters: { scale: '10', wait: given('wait') }, metrics: ['rows'] };
  return {
    Train: trainer.train(stack, 'Train', { ...training, timeout: Duration.minutes(5) }),
    Late: trainer.train(stack, 'Late', { ...training, timeout: Duration.seconds(2) }),
    Nothing: trainer.train(stack, 'Nothing', {}),
    Refused: stranger.train(stack, 'Refused', {}),
  };
});
