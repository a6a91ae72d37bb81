/** State machines that run the DAGs of dags.py. */
import { Duration } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { AirflowOrchestrator, Auth, IOrchestrator } from '../../../../lib';
import { app, given } from '../app';

app('airflow', (stack, url, artifactStore) => {
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'vendor/airflow');
  const known = (auth: Auth, id: string) => new AirflowOrchestrator(stack, id, { url, artifactStore, auth });
  const orchestrator: IOrchestrator = known(Auth.bearer(secret, 'token'), 'Orchestrator');
  const stranger: IOrchestrator = known(Auth.bearer(secret, 'wrong'), 'Stranger');
  const user: IOrchestrator = known(AirflowOrchestrator.login('ml', secret, 'password'), 'User');
  const input = { data: given('data'), wait: given('wait') };
  const result = { modelUri: '{% $output.modelUri %}', accuracy: '{% $output.metrics.accuracy %}' };
  return {
    Run: orchestrator.run(stack, 'Run', { pipeline: 'nightly', input, result, timeout: Duration.minutes(5) }),
    Late: orchestrator.run(stack, 'Late', { pipeline: 'nightly', input, timeout: Duration.seconds(20) }),
    Wrong: orchestrator.run(stack, 'Wrong', { pipeline: 'strict', input: { c: 'much' } }),
    Unknown: orchestrator.run(stack, 'Unknown', { pipeline: 'nobody' }),
    Paused: orchestrator.run(stack, 'Paused', { pipeline: 'paused' }),
    Forgotten: user.run(stack, 'Forgotten', { pipeline: 'forgetful' }),
    Forget: orchestrator.run(stack, 'Forget', { pipeline: 'forgetful' }),
    Refused: stranger.run(stack, 'Refused', { pipeline: 'forgetful' }),
    Inspect: orchestrator.inspect(stack, 'Inspect', { run: given('run') }),
    Cancel: orchestrator.cancel(stack, 'Cancel', { run: given('run') }),
  };
});
