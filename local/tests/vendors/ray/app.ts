/** State machines that train on a Ray cluster. */
import { join } from 'path';
import { Duration, SecretValue } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, HttpsModelTrainer, IModelTrainer, RayModelTrainer } from '../../../../lib';
import { app, given } from '../app';

app('ray', (stack, url, artifactStore) => {
  const secret = new secretsmanager.Secret(stack, 'Secret', {
    secretObjectValue: { token: SecretValue.unsafePlainText('a-token-of-thirty-two-characters'), wrong: SecretValue.unsafePlainText('another-token-of-32-characters--') },
  });
  const trainer: IModelTrainer = new RayModelTrainer(stack, 'Trainer', { url, artifactStore, auth: Auth.bearer(secret, 'token'), entrypoint: 'echo nothing is left' });
  const stranger: IModelTrainer = new RayModelTrainer(stack, 'Stranger', { url, artifactStore, auth: Auth.bearer(secret, 'wrong'), entrypoint: 'true' });
  // The same API by a declared mapping: the job is a program of its own, and the mapping brings it what it needs.
  const mapped = (id: string, program: string, status = {}) => new HttpsModelTrainer(stack, id, {
    url, artifactStore, auth: Auth.bearer(secret, 'token'),
    submit: {
      path: '/api/jobs/', existsStatus: 500, existsCause: 'already exists',
      body: {
        submission_id: '{% $key %}', entrypoint: program, metadata: { run: '{% $run %}' },
        runtime_env: { env_vars: { OUTPUTS: '{% $outputs %}', DATA: '{% $inputs.train %}', WAIT: '{% $hyperparameters.wait %}' } },
      },
    },
    status: {
      path: "{% '/api/jobs/' & $job %}", log: "{% '/api/jobs/' & $job & '/logs' %}", state: '{% $states.result.ResponseBody.status %}', reason: '{% $states.result.ResponseBody.message %}',
      succeeded: ['SUCCEEDED'], failed: ['FAILED', 'STOPPED'], ...status,
    },
    cancel: { path: "{% '/api/jobs/' & $job & '/stop' %}" },
  });
  const program = `python ${join(__dirname, 'job.py')}`;
  const byMapping: IModelTrainer = mapped('ByMapping', program);
  const training = { source: join(__dirname, 'source'), inputs: { train: given('data') }, hyperparameters: { scale: '10', wait: given('wait') }, metrics: ['rows'] };
  return {
    Train: trainer.train(stack, 'Train', { ...training, timeout: Duration.minutes(5) }),
    Late: trainer.train(stack, 'Late', { ...training, timeout: Duration.seconds(2) }),
    Stopped: trainer.train(stack, 'Stopped', { ...training, timeout: Duration.seconds(20) }),
    Unmet: trainer.train(stack, 'Unmet', { source: join(__dirname, 'unmet') }),
    Nothing: trainer.train(stack, 'Nothing', {}),
    Refused: stranger.train(stack, 'Refused', {}),
    Mapped: byMapping.train(stack, 'Mapped', { inputs: training.inputs, hyperparameters: { wait: given('wait') }, timeout: Duration.minutes(5) }),
    MappedLate: byMapping.train(stack, 'MappedLate', { inputs: training.inputs, hyperparameters: { wait: given('wait') }, timeout: Duration.seconds(20) }),
    // The dashboard's own page, and an answer that has no such field.
    MappedPage: mapped('Page', 'true', { path: '/' }).train(stack, 'MappedPage', {}),
    MappedElsewhere: mapped('Elsewhere', 'true', { state: '{% $states.result.ResponseBody.phase %}' }).train(stack, 'MappedElsewhere', {}),
  };
});
