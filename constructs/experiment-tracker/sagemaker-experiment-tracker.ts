import { CfnResource, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sagemaker from 'aws-cdk-lib/aws-sagemaker';
import { Construct } from 'constructs';
import { IS3ArtifactStore } from '../artifact-store/artifact-store';
import { Binding } from '../core';
import { allow, grant } from '../core/grants';
import { retention } from '../core/retention';
import { check, like, text } from '../core/validation';
import { retainedName } from '../sagemaker/names';
import { SageMakerRole } from '../sagemaker/sagemaker-role';
import { EXPERIMENT, IExperimentTracker } from './experiment-tracker';

/** Properties of a `SageMakerExperimentTracker`. */
export interface SageMakerExperimentTrackerProps {
  /** Holds the artifacts of the runs, under `mlflow/`. */
  readonly artifactStore: IS3ArtifactStore;
  /**
   * The MLflow experiment that jobs log to.
   * @default - MLflow's `Default` experiment
   */
  readonly experiment?: string;
  /**
   * DESTROY, which loses the history of the runs, needs the context `cdk-mlops:allowDestroy` too.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** An MLflow App that exists. */
export interface SageMakerExperimentTrackerAttributes {
  /** `arn:aws:sagemaker:<region>:<account>:mlflow-app/<id>`. */
  readonly appArn: string;
  /** Holds the artifacts of the runs. */
  readonly artifactStore: IS3ArtifactStore;
  /**
   * The MLflow experiment that jobs log to.
   * @default - MLflow's `Default` experiment
   */
  readonly experiment?: string;
}

/** The contract over an MLflow App, new or existing. */
export abstract class SageMakerExperimentTrackerBase extends Construct implements IExperimentTracker {
  /** The MLflow App's ARN: the tracking URI of MLflow clients that have the `sagemaker-mlflow` plugin. */
  public abstract readonly appArn: string;
  protected abstract readonly artifactStore: IS3ArtifactStore;
  protected abstract readonly experiment?: string;

  public bind(client: iam.IGrantable): Binding {
    // CallMlflowAppApi cannot tell reading from writing; artifacts go from the client to S3 directly.
    grant(client, [allow(['sagemaker:CallMlflowAppApi'], [this.appArn])], 'tracks its runs');
    grant(client, [...this.artifactStore.readPolicies('mlflow/'), ...this.artifactStore.writePolicies('mlflow/')], 'logs the artifacts of its runs');
    return {
      provider: 'sagemaker',
      address: this.appArn,
      variables: { MLFLOW_TRACKING_URI: this.appArn, ...this.experiment !== undefined && { MLFLOW_EXPERIMENT_NAME: this.experiment } },
    };
  }
}

/**
 * Tracks experiments with a serverless SageMaker MLflow App.
 * @see https://docs.aws.amazon.com/sagemaker/latest/dg/mlflow-app-setup.html
 */
export class SageMakerExperimentTracker extends SageMakerExperimentTrackerBase {
  /** An MLflow App that exists. */
  public static fromApp(scope: Construct, id: string, attributes: SageMakerExperimentTrackerAttributes): IExperimentTracker {
    check(attributes, z => ({
      appArn: text(z, /^arn:[^:\s]+:sagemaker:[^:\s]+:\d{12}:mlflow-app\/app-[A-Za-z0-9]+$/, "an MLflow App's ARN, arn:aws:sagemaker:<region>:<account>:mlflow-app/<id>"),
      artifactStore: like(z, 'an artifact store in S3 (IS3ArtifactStore)', 'uriFor', 'bucketName'),
      experiment: text(z, ...EXPERIMENT),
    }), 'appArn', 'artifactStore');
    class Import extends SageMakerExperimentTrackerBase {
      public readonly appArn = attributes.appArn;
      protected readonly artifactStore = attributes.artifactStore;
      protected readonly experiment = attributes.experiment;
    }
    return new Import(scope, id);
  }

  public readonly appArn: string;
  protected readonly artifactStore: IS3ArtifactStore;
  protected readonly experiment?: string;

  constructor(scope: Construct, id: string, props: SageMakerExperimentTrackerProps) {
    super(scope, id);
    check(props, z => ({ artifactStore: like(z, 'an artifact store in S3 (IS3ArtifactStore)', 'uriFor', 'bucketName'), experiment: text(z, ...EXPERIMENT) }), 'artifactStore');
    this.artifactStore = props.artifactStore;
    this.experiment = props.experiment;
    const role = new SageMakerRole(this, 'Role');
    grant(role, [...props.artifactStore.readPolicies('mlflow/'), ...props.artifactStore.writePolicies('mlflow/')], 'keeps the artifacts of the runs');
    // Name and role are create-only: a change of either replaces the app, and its history stays behind.
    const app = new sagemaker.CfnMlflowApp(this, 'Resource', {
      name: retainedName(this, 63), artifactStoreUri: props.artifactStore.uriFor('mlflow'), roleArn: role.roleArn,
    });
    // An app that is retained goes on working: with its role, and what the role may do.
    const removalPolicy = retention(this, props.removalPolicy);
    const policy = role.node.findChild('DefaultPolicy').node.defaultChild as CfnResource;
    [app, role, policy].forEach(part => part.applyRemovalPolicy(removalPolicy));
    app.node.addDependency(role);
    this.appArn = app.attrArn;
  }
}
