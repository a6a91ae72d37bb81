/** State machines that run the pipelines of pipelines.py, and what `npm run export` reads; `url` is JSON, of the server's URL and the deployments'. */
import { Duration } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, IOrchestrator, MlflowExperimentTracker, PipelineModelTrainer, Publication, ZenmlOrchestrator } from '../../../../lib';
import { app, given } from '../app';

app('zenml', (stack, urls, artifactStore) => {
  const { server: url, deployments } = JSON.parse(urls);
  const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'lane/zenml');
  const [auth, deploymentAuth, wrong] = ['key', 'deploymentKey', 'wrong'].map(field => Auth.bearer(secret, field));
  const orchestrator: IOrchestrator = new ZenmlOrchestrator(stack, 'Orchestrator', { url, deployments, artifactStore, auth, deploymentAuth });
  const stranger: IOrchestrator = new ZenmlOrchestrator(stack, 'Stranger', { url, deployments, artifactStore, auth: wrong, deploymentAuth });
  const intruder: IOrchestrator = new ZenmlOrchestrator(stack, 'Intruder', { url, deployments, artifactStore, auth, deploymentAuth: wrong });
  const tracker = new MlflowExperimentTracker(stack, 'Tracker', { url: 'https://mlflow.example.org', auth: Auth.bearer(secret, 'tracker') });
  Object.entries({ 'artifact-store': artifactStore, 'experiment-tracker': tracker, orchestrator }).forEach(([component, of]) => new Publication(stack, `Publish-${component}`, { component, of }));
  const trainer = new PipelineModelTrainer(stack, 'Trainer', { orchestrator, pipeline: 'fit' });
  const input = { data: given('data'), wait: given('wait') };
  const result = { modelUri: '{% $output.modelUri %}', accuracy: '{% $output.metrics.accuracy %}' };
  return {
    Run: orchestrator.run(stack, 'Run', { pipeline: 'train', input, result, timeout: Duration.minutes(5) }),
    Train: trainer.train(stack, 'Train', { inputs: { train: given('data') }, hyperparameters: { c: '0.5' } }),
    Late: orchestrator.run(stack, 'Late', { pipeline: 'train', input, timeout: Duration.seconds(8) }),
    Wrong: orchestrator.run(stack, 'Wrong', { pipeline: 'train', input: { ...input, c: 'much' } }),
    Strange: orchestrator.run(stack, 'Strange', { pipeline: 'train', input: { ...input, colour: 'red' } }),
    Forget: orchestrator.run(stack, 'Forget', { pipeline: 'train', input: { ...input, forget: true } }),
    Refused: stranger.run(stack, 'Refused', { pipeline: 'train', input }),
    Barred: intruder.run(stack, 'Barred', { pipeline: 'train', input }),
    Inspect: orchestrator.inspect(stack, 'Inspect', { run: given('run') }),
    Cancel: orchestrator.cancel(stack, 'Cancel', { run: given('run') }),
  };
});
