import { RemovalPolicy } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { S3ArtifactStore } from '../../constructs/artifact-store';
import { MlflowExperimentTracker } from '../../constructs/experiment-tracker';
import { SageMakerModelEndpoint } from '../../constructs/model-endpoint';
import { SageMakerModelTrainer } from '../../constructs/model-trainer';

/** The call of a construct made wrong in one value: no template comes of it, since the construct refuses it in one line. */
export interface Call {
  readonly name: string;
  readonly call: (scope: Construct, value: any) => unknown;
  readonly right: any;
  readonly wrong: any;
  /** What the line begins with. */
  readonly says: string;
}

const store = (scope: Construct) => new S3ArtifactStore(scope, 'Store');

export const CALLS: Call[] = [
  {
    name: 'capture-of-more-than-all-requests', right: 50, wrong: 150, says: "'capturePercentage' must be",
    call: (scope, capturePercentage) => new SageMakerModelEndpoint(scope, 'Endpoint', { artifactStore: store(scope), modelUri: 's3://acme/model.tar.gz', capturePercentage }),
  },
  {
    name: 'tracker-out-of-reach', right: false, wrong: true, says: "'networkIsolation' must be false",
    call: (scope, networkIsolation) => new SageMakerModelTrainer(scope, 'Trainer', { artifactStore: store(scope), networkIsolation }).train(scope, 'Train', {
      source: 'training', entry: 'train.py', uses: [new MlflowExperimentTracker(scope, 'Tracker', { url: 'https://mlflow.acme.example' })],
    }),
  },
  {
    name: 'vendor-without-tls', right: 'https://mlflow.acme.example', wrong: 'http://mlflow.acme.example', says: "'url' must be an https:// URL",
    call: (scope, url) => new MlflowExperimentTracker(scope, 'Tracker', { url }),
  },
  {
    name: 'store-deleted-with-its-stack', right: RemovalPolicy.RETAIN, wrong: RemovalPolicy.DESTROY, says: "'removalPolicy' must be RETAIN",
    call: (scope, removalPolicy) => new S3ArtifactStore(scope, 'Store', { removalPolicy }),
  },
];
