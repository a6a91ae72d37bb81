import { App, Stack } from 'aws-cdk-lib';
import { IGrantable } from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { Auth, Binding, IExperimentTracker, MlflowExperimentTracker, S3ArtifactStore, SageMakerExperimentTracker } from '../../lib';

export const stack = new Stack(new App(), 'readme');
const store = new S3ArtifactStore(stack, 'ArtifactStore');

const tracker: IExperimentTracker = new SageMakerExperimentTracker(stack, 'Tracker', { artifactStore: store });

// or, the whole swap:
const secret = secretsmanager.Secret.fromSecretNameV2(stack, 'Secret', 'acme/mlflow');
const other: IExperimentTracker = new MlflowExperimentTracker(stack, 'OtherTracker', {
  url: 'https://mlflow.acme.dev', auth: Auth.basic('ml', secret, 'password'),
});

class AcmeExperimentTracker extends Construct implements IExperimentTracker {
  constructor(scope: Construct, id: string, private readonly apiKey: ISecret) {
    super(scope, id);
  }

  public bind(_client: IGrantable): Binding {
    return { provider: 'acme', address: 'https://acme.dev', variables: {}, secrets: { ACME_API_KEY: { secret: this.apiKey } } };
  }
}

export const all = [tracker, other, new AcmeExperimentTracker(stack, 'Acme', secret)];
