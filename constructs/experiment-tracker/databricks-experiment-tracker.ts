import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Auth, Binding } from '../core';
import { check, fixed } from '../core/validation';
import { DatabricksWorkspace } from '../databricks/databricks-workspace';
import { IExperimentTracker, SEARCH } from './experiment-tracker';

/** Properties of a `DatabricksExperimentTracker`. */
export interface DatabricksExperimentTrackerProps {
  /** The workspace's https:// URL. */
  readonly url: string;
  /** How the workspace knows its callers: `Auth.bearer` with a personal access token, or `DatabricksWorkspace.servicePrincipal`. */
  readonly auth: Auth;
  /**
   * The experiment, by its path in the workspace, such as `/Shared/churn`.
   * @default - what the script says
   */
  readonly experiment?: string;
}

/**
 * Tracks experiments with the MLflow server of a Databricks workspace.
 * @see https://docs.databricks.com/aws/mlflow/tracking-server-configuration
 */
export class DatabricksExperimentTracker extends Construct implements IExperimentTracker {
  private readonly workspace: DatabricksWorkspace;

  constructor(scope: Construct, id: string, private readonly props: DatabricksExperimentTrackerProps) {
    super(scope, id);
    check(props, z => ({ experiment: fixed(z, /^\/[^\p{C}]{1,499}$/u, "a path in the workspace that starts with '/', of at most 500 characters") }));
    this.workspace = new DatabricksWorkspace(props.url, props.auth);
    this.workspace.warnIfLoopback(this);
  }

  public bind(_client: iam.IGrantable): Binding {
    const { experiment } = this.props;
    const known = this.workspace.binding(SEARCH);
    return { ...known, variables: { MLFLOW_TRACKING_URI: 'databricks', ...known.variables, ...experiment !== undefined && { MLFLOW_EXPERIMENT_NAME: experiment } } };
  }
}
