/** A tracker that died: the team moves from Neptune to MLflow, and each job finds both in its environment meanwhile. */
import { App } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Auth, IExperimentTracker, MirroredTracker, MlflowExperimentTracker, NeptuneExperimentTracker } from '../../lib';
import { AwsPlatform } from '../bring-your-own-vendor/platform';

class MigratingPlatform extends AwsPlatform {
  /** The script logs to the one, and to the other as long as it answers. */
  protected override get source(): string {
    return 'examples/neptune-migration/training';
  }

  protected override tracker(): IExperimentTracker {
    // Where the successor is: the context `vendors`, which `npm run local` fills with the server that it starts.
    const vendors = this.node.tryGetContext('vendors');
    const { url, username, secret } = vendors ? JSON.parse(vendors).tracker : { url: 'https://mlflow.example.org', username: 'ml', secret: 'vendor/mlflow' };
    // The id that stays: once the move is over, this expression is all that is left.
    const successor = new MlflowExperimentTracker(this, 'ExperimentTracker', { url, auth: Auth.basic(username, Secret.fromSecretNameV2(this, 'TrackerSecret', secret), 'password') });
    const left = new NeptuneExperimentTracker(this, 'Neptune', { project: 'acme/churn', apiToken: Secret.fromSecretNameV2(this, 'NeptuneToken', 'vendor/neptune') });
    return new MirroredTracker(this, 'BothTrackers', { primary: successor, secondary: left });
  }
}

const app = new App();
new MigratingPlatform(app, 'neptune-migration');
app.synth();
