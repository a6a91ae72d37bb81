/** State machines that run the flows of flow.py. */
import { Duration } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, IOrchestrator, PrefectOrchestrator } from '../../../../lib';
import { app, given } from '../app';

app('prefect', (stack, url, artifactStore) => {
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'vendor/prefect');
  const orchestrator: IOrchestrator = new PrefectOrchestrator(stack, 'Orchestrator', { url, artifactStore, auth: Auth.basic('ml', secret, 'password') });
  const stranger: IOrchestrator = new PrefectOrchestrator(stack, 'Stranger', { url, artifactStore, auth: Auth.basic('ml', secret, 'wrong') });
  const input = { data: given('data'), wait: given('wait') };
  const result = { modelUri: '{% $output.modelUri %}', accuracy: '{% $output.metrics.accuracy %}' };
  return {
    Run: orchestrator.run(stack, 'Run', { pipeline: 'train/nightly', input, result, timeout: Duration.minutes(5) }),
    Late: orchestrator.run(stack, 'Late', { pipeline: 'train/nightly', input, timeout: Duration.seconds(20) }),
    Wrong: orchestrator.run(stack, 'Wrong', { pipeline: 'train/nightly', input: { c: 'much', ...input } }),
    Unknown: orchestrator.run(stack, 'Unknown', { pipeline: 'nobody' }),
    Forget: orchestrator.run(stack, 'Forget', { pipeline: 'forget' }),
    Refused: stranger.run(stack, 'Refused', { pipeline: 'forget' }),
    Inspect: orchestrator.inspect(stack, 'Inspect', { run: given('run') }),
    Cancel: orchestrator.cancel(stack, 'Cancel', { run: given('run') }),
  };
});
