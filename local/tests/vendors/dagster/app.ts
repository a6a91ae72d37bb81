/** State machines that run the jobs of jobs.py. */
import { Duration } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, DagsterOrchestrator, IOrchestrator } from '../../../../lib';
import { app, given } from '../app';

app('dagster', (stack, url, artifactStore) => {
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'vendor/dagster');
  const auth = (field: string) => Auth.header('Dagster-Cloud-Api-Token', secret, field);
  const orchestrator: IOrchestrator = new DagsterOrchestrator(stack, 'Orchestrator', { url, artifactStore, auth: auth('token') });
  const input = { data: given('data'), wait: given('wait') };
  const result = { modelUri: '{% $output.modelUri %}', accuracy: '{% $output.metrics.accuracy %}' };
  return {
    Run: orchestrator.run(stack, 'Run', { pipeline: 'jobs.py/nightly', input, result, timeout: Duration.minutes(5) }),
    Late: orchestrator.run(stack, 'Late', { pipeline: 'jobs.py/nightly', input, timeout: Duration.seconds(20) }),
    Wrong: orchestrator.run(stack, 'Wrong', { pipeline: 'jobs.py/nightly', input: { ...input, wait: 'long' } }),
    Unknown: orchestrator.run(stack, 'Unknown', { pipeline: 'jobs.py/nobody' }),
    Forget: orchestrator.run(stack, 'Forget', { pipeline: 'jobs.py/forgetful' }),
    Inspect: orchestrator.inspect(stack, 'Inspect', { run: given('run') }),
    Cancel: orchestrator.cancel(stack, 'Cancel', { run: given('run') }),
  };
});
