import { CfnOutput, Stack, Validations } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import {
  Auth, DeployableOpenInferenceEndpoint, DeployableSageMakerEndpoint, IDeployableEndpoint, IExperimentTracker, MlflowExperimentTracker, ModelLoop, Publication, S3ArtifactStore,
  SageMakerExperimentTracker, SageMakerModelRegistry, SageMakerModelTrainer, SnsAlerter, StepFunctionsOrchestrator,
} from '../../lib';

/** The platform with every part on AWS. */
export class AwsPlatform extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    // What each app of aws-cdk-lib does, and NIST's rules for cdk-nag and cfn-lint find.
    Validations.of(this).acknowledge(
      { id: 'NIST.800.53.R5-IAMNoInlinePolicy', reason: "aws-cdk-lib writes a role's permissions beside the role" },
      { id: 'W3005', reason: 'aws-cdk-lib names a role as a dependency besides the reference to it' },
    );
    const store = new S3ArtifactStore(this, 'ArtifactStore');
    const tracker = this.tracker(store);
    const trainer = new SageMakerModelTrainer(this, 'ModelTrainer', { artifactStore: store });
    const registry = new SageMakerModelRegistry(this, 'ModelRegistry');
    const endpoint = this.endpoint(store);
    const orchestrator = new StepFunctionsOrchestrator(this, 'Orchestrator');
    const alerter = new SnsAlerter(this, 'Alerter');
    const loop = new ModelLoop(this, 'Loop', {
      store, trainer, registry, endpoint, orchestrator, alerter,
      training: {
        source: 'training', inputs: { train: store.uriFor('data/train/'), test: store.uriFor('data/test/') }, metrics: ['accuracy', 'f1', 'roc_auc'], uses: [tracker],
      },
      gate: { metric: 'accuracy', minimum: 0.9 },
      sample: 'data/sample.csv',
    });

    const components = { 'artifact-store': store, 'experiment-tracker': tracker, 'model-trainer': trainer, 'model-registry': registry, 'model-endpoint': endpoint, orchestrator, alerter };
    Object.entries(components).forEach(([component, of]) => new Publication(this, `Publish-${component}`, { component, of }));
    new CfnOutput(this, 'ArtifactStoreUri', { value: store.uri });
    new CfnOutput(this, 'PipelineArn', { value: loop.training.stateMachineArn });
    new CfnOutput(this, 'DeploymentArn', { value: loop.deployment.stateMachineArn });
  }

  protected tracker(store: S3ArtifactStore): IExperimentTracker {
    return new SageMakerExperimentTracker(this, 'ExperimentTracker', { artifactStore: store });
  }

  protected endpoint(store: S3ArtifactStore): IDeployableEndpoint {
    return new DeployableSageMakerEndpoint(this, 'ModelEndpoint', { artifactStore: store });
  }
}

/** The same platform with two vendors. The swap is one expression each. */
export class VendorPlatform extends AwsPlatform {
  protected override tracker(): IExperimentTracker {
    const { url, username, secret } = this.vendors.tracker;
    const password = secretsmanager.Secret.fromSecretNameV2(this, 'TrackerSecret', secret);
    return new MlflowExperimentTracker(this, 'ExperimentTracker', { url, auth: Auth.basic(username, password, 'password') });
  }

  protected override endpoint(store: S3ArtifactStore): IDeployableEndpoint {
    // The server reads its models from a folder of the artifact store.
    const bucket = s3.Bucket.fromBucketAttributes(this, 'RepositoryBucket', { bucketName: store.bucketName, encryptionKey: store.encryptionKey });
    const repository = S3ArtifactStore.fromBucket(this, 'Repository', { bucket, prefix: 'models/' });
    return new DeployableOpenInferenceEndpoint(this, 'ModelEndpoint', {
      url: this.vendors.endpoint.url, model: 'classifier', repository, implementation: 'sagemaker_model.SageMakerModel',
    });
  }

  /** Where the vendors are: the context `vendors`, which `npm run local` fills with the servers that it starts. */
  private get vendors() {
    const given = this.node.tryGetContext('vendors');
    return given ? JSON.parse(given) : {
      tracker: { url: 'https://mlflow.example.org', username: 'ml', secret: 'vendor/mlflow' },
      endpoint: { url: 'https://inference.example.org' },
    };
  }
}
