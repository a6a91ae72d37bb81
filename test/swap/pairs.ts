import { App, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import * as mlops from '../../lib';
import { parts } from '../pipeline/fixture';

/** Two providers that cannot stand together, in an app of one's own. */
export interface Pair {
  readonly one: string;
  readonly other: string;
  /** @throws Error with the line that refuses them */
  make(): void;
}

/** The loop on AWS, with `more` in the place of its own. */
function loop(more: (stack: Stack) => object) {
  const { stack, props } = parts();
  new mlops.ModelLoop(stack, 'Loop', { ...props, ...more(stack) });
}

/** Whatever AWS's own services read: each is given a store that is not in S3. */
function onForeignStore(one: string, make: (stack: Stack, store: any) => void): Pair {
  return { one, other: 'artifact store `s3-compatible`', make: () => {
    const stack = new Stack(new App(), 'test');
    make(stack, new mlops.S3CompatibleArtifactStore(stack, 'ArtifactStore', { url: 'https://minio.acme.dev', bucket: 'acme', keys: Secret.fromSecretNameV2(stack, 'Keys', 'acme/minio') }));
  } };
}

/** What compiles only where types are not asked: in Python, or by a cast. */
export const PAIRS: Pair[] = [
  onForeignStore('experiment tracker `sagemaker`', (stack, artifactStore) => new mlops.SageMakerExperimentTracker(stack, 'ExperimentTracker', { artifactStore })),
  onForeignStore('model trainer `sagemaker`', (stack, artifactStore) => new mlops.SageMakerModelTrainer(stack, 'ModelTrainer', { artifactStore })),
  onForeignStore('model endpoint `sagemaker`', (stack, artifactStore) => new mlops.DeployableSageMakerEndpoint(stack, 'ModelEndpoint', { artifactStore })),
  onForeignStore('model endpoint `open-inference`, deployable', (stack, repository) => new mlops.DeployableOpenInferenceEndpoint(stack, 'ModelEndpoint', { url: 'https://inference.acme.dev', model: 'fraud', repository })),
  { one: 'model endpoint `https`', other: 'the loop, which deploys', make: () => loop(stack => ({ endpoint: new mlops.HttpsModelEndpoint(stack, 'Serves', { url: 'https://inference.acme.dev', path: '/score' }) })) },
  { one: 'model endpoint `open-inference`, without a repository', other: 'the loop, which deploys', make: () => loop(stack => ({ endpoint: new mlops.OpenInferenceEndpoint(stack, 'Serves', { url: 'https://inference.acme.dev', model: 'fraud' }) })) },
  { one: 'orchestrator `prefect`', other: "the loop, whose pipelines are the stack's own", make: () => loop(stack => ({ orchestrator: new mlops.PrefectOrchestrator(stack, 'Runs', { url: 'https://prefect.acme.dev/api', artifactStore: parts().store }) })) },
  { one: 'experiment tracker `mlflow`', other: 'experiment tracker `databricks`, mirrored', make: () => {
    const stack = new Stack(new App(), 'test');
    const secondary = new mlops.DatabricksExperimentTracker(stack, 'Other', { url: 'https://acme.cloud.databricks.com', auth: mlops.Auth.bearer(Secret.fromSecretNameV2(stack, 'Token', 'acme/databricks')) });
    new mlops.Publication(stack, 'Publish', { component: 'experiment-tracker', of: new mlops.MirroredTracker(stack, 'Both', { primary: new mlops.MlflowExperimentTracker(stack, 'One', { url: 'https://mlflow.acme.dev' }), secondary }) });
  } },
];

/** The line in which `pair` is refused; nothing where it is not. */
export function lineOf({ make }: Pair): string | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
