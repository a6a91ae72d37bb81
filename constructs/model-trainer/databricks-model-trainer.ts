import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { Auth, Binding, Step } from '../core';
import { check, integer } from '../core/validation';
import { DatabricksWorkspace } from '../databricks/databricks-workspace';
import { SageMakerImage } from '../sagemaker/sagemaker-image';
import { HttpsModelTrainer } from './https-model-trainer';
import { IModelTrainer, TrainOptions } from './model-trainer';

/** Properties of a `DatabricksModelTrainer`. */
export interface DatabricksModelTrainerProps {
  /** The workspace's https:// URL. */
  readonly url: string;
  /** The id of the job, which has the job parameters `runId`, `outputs`, `inputs`, `hyperparameters` and `environment`. */
  readonly job: number;
  /** Receives the models, under `training/`. */
  readonly artifactStore: IArtifactStore;
  /** How the workspace knows its callers: `Auth.bearer` with a personal access token, or `DatabricksWorkspace.servicePrincipal`. */
  readonly auth: Auth;
  /**
   * The AWS identity that the job runs with; it is granted the models' folder and what the components in `uses` ask for.
   * @default - the job's owner grants it
   */
  readonly identity?: iam.IGrantable;
  /**
   * Serves the models.
   * @default SageMakerImage.scikitLearn()
   */
  readonly image?: SageMakerImage;
}

/** A run ends in one state, `TERMINATED`; its code says how, and not all codes are known beforehand. */
const { STATE, ENDED } = { STATE: '$states.result.ResponseBody.status.state', ENDED: '$states.result.ResponseBody.status.termination_details' };
const SUCCESS = "['SUCCESS', 'SUCCESS_WITH_FAILURES']";

/**
 * Trains as runs of a job in Databricks. `runId` and `outputs` are texts, the other job parameters JSON.
 * @see https://docs.databricks.com/api/workspace/jobs/runnow
 */
export class DatabricksModelTrainer extends Construct implements IModelTrainer {
  private readonly workspace: DatabricksWorkspace;
  private readonly jobs: HttpsModelTrainer;

  constructor(scope: Construct, id: string, private readonly props: DatabricksModelTrainerProps) {
    super(scope, id);
    check(props, z => ({ job: integer(z, 1, Number.MAX_SAFE_INTEGER) }), 'job');
    const { job, ...rest } = props;
    this.workspace = new DatabricksWorkspace(props.url, props.auth);
    this.jobs = new HttpsModelTrainer(this, 'Jobs', {
      ...rest,
      submit: {
        path: '/api/2.2/jobs/run-now', job: '{% $states.result.ResponseBody.run_id %}',
        body: {
          job_id: job, idempotency_token: '{% $key %}', queue: { enabled: true },
          job_parameters: {
            runId: '{% $run %}', outputs: '{% $outputs %}',
            inputs: '{% $string($inputs) %}', hyperparameters: '{% $string($hyperparameters) %}', environment: '{% $string($environment) %}',
          },
        },
      },
      status: {
        path: '/api/2.2/jobs/runs/get', query: { run_id: '{% $job %}' }, log: `{% '/jobs/${job}/runs/' & $job %}`,
        state: `{% ${STATE} != 'TERMINATED' ? ${STATE} : ${ENDED}.code in ${SUCCESS} ? 'SUCCEEDED' : 'FAILED' %}`, succeeded: ['SUCCEEDED'], failed: ['FAILED'],
        reason: `{% ${ENDED}.(code & ': ' & message) %}`,
      },
      cancel: { path: '/api/2.2/jobs/runs/cancel', body: { run_id: '{% $number($job) %}' } },
    });
  }

  public train(scope: Construct, id: string, options: TrainOptions): Step {
    return this.jobs.train(scope, id, options);
  }

  public bind(_client: iam.IGrantable): Binding {
    const { job } = this.props;
    const known = this.workspace.binding({ path: `/api/2.2/jobs/get?job_id=${job}`, expects: { job_id: job } });
    return { ...known, variables: { ...known.variables, MLOPS_TRAINING_JOB: String(job) } };
  }
}
