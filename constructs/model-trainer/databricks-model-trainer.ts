import * as iam from 'aws-cdk-lib/aws-iam';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { Auth, AuthScheme, Binding, ExternalEndpoint, Step } from '../core';
import { check, integer, mustBe } from '../core/validation';
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
  /** How the workspace knows its callers: `Auth.bearer` with a personal access token, or `DatabricksModelTrainer.servicePrincipal`. */
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
  /** A service principal, known by an OAuth secret. */
  public static servicePrincipal(clientId: string, secret: ISecret, field?: string): Auth {
    return Auth.oauth(clientId, secret, { address: '/oidc/v1/token', scope: 'all-apis', field });
  }

  private readonly workspace: ExternalEndpoint;
  private readonly jobs: HttpsModelTrainer;

  constructor(scope: Construct, id: string, private readonly props: DatabricksModelTrainerProps) {
    super(scope, id);
    check(props, z => ({ job: integer(z, 1, Number.MAX_SAFE_INTEGER), auth: mustBe(z, 'Auth.bearer or DatabricksModelTrainer.servicePrincipal', it => [AuthScheme.BEARER, AuthScheme.OAUTH].includes(it?.scheme)) }), 'job', 'auth');
    const { job, ...rest } = props;
    this.workspace = new ExternalEndpoint(props.url, props.auth);
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

  /** In the names of Databricks' own SDKs. */
  public bind(_client: iam.IGrantable): Binding {
    const { scheme, username, credential } = this.workspace.auth;
    const principal = scheme === AuthScheme.OAUTH;
    const secret = principal ? 'DATABRICKS_CLIENT_SECRET' : 'DATABRICKS_TOKEN';
    return {
      provider: 'databricks', address: this.workspace.url,
      variables: { DATABRICKS_HOST: this.workspace.url, MLOPS_TRAINING_JOB: String(this.props.job), ...principal && { DATABRICKS_CLIENT_ID: username! } },
      secrets: { [secret]: credential! },
      probes: this.workspace.probes(secret, { authorized: { path: `/api/2.2/jobs/get?job_id=${this.props.job}`, expects: { job_id: this.props.job } } }),
    };
  }
}
