import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { Auth, Binding, Environment, Jsonata, Step } from '../core';
import { check, mustBe } from '../core/validation';
import { SageMakerImage } from '../sagemaker/sagemaker-image';
import { HttpsCancellation, HttpsStatus, HttpsSubmission, mappings } from './https-jobs';
import { IModelTrainer, TrainOptions } from './model-trainer';
import { checkTrain, RemoteJobs } from './remote-jobs';

/** Properties of an `HttpsModelTrainer`. */
export interface HttpsModelTrainerProps {
  /** The service's https:// URL. */
  readonly url: string;
  /** Receives the models, under `training/`. */
  readonly artifactStore: IArtifactStore;
  /** How a job is submitted. */
  readonly submit: HttpsSubmission;
  /** How a job is asked after. */
  readonly status: HttpsStatus;
  /**
   * How the end of a job is asked for, when the step's deadline has passed.
   * @default - the job goes on
   */
  readonly cancel?: HttpsCancellation;
  /**
   * How the service knows its callers.
   * @default Auth.none()
   */
  readonly auth?: Auth;
  /**
   * The AWS identity that jobs run with; it is granted the models' folder and what the components in `uses` ask for.
   * @default - the jobs' owner grants it
   */
  readonly identity?: iam.IGrantable;
  /**
   * Serves the models.
   * @default SageMakerImage.scikitLearn()
   */
  readonly image?: SageMakerImage;
}

/**
 * Trains with any HTTPS service that takes jobs and tells how they are, by a declared mapping. A job brings its own program, which
 * leaves `modelUri` and `metrics` in `outputs.json`.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
 */
export class HttpsModelTrainer extends Construct implements IModelTrainer {
  private readonly jobs: RemoteJobs;

  constructor(scope: Construct, id: string, private readonly props: HttpsModelTrainerProps) {
    super(scope, id);
    check(props, mappings, 'submit', 'status');
    this.jobs = new RemoteJobs(this, props);
  }

  public train(scope: Construct, id: string, options: TrainOptions): Step {
    checkTrain(options, z => mustBe(z, 'left out, since the job brings its own', it => it === undefined));
    const { submit: { path, method = 'POST', body, headers, job = Step.KEY, existsStatus, existsCause }, status, cancel } = this.props;
    const { inputs = {}, hyperparameters = {}, uses = [] } = options;
    const { service, identity, outputs } = this.jobs;
    const submitted = Jsonata.within({ outputs: outputs.uri }, { path, body, headers });
    // A refusal that was accepted stands where the id would be.
    const known = { job: existsStatus === undefined ? '{% $submitted %}' : Step.KEY };
    const asked = Jsonata.within(known, { path: status.path, query: status.query, log: status.log ?? status.path });
    return this.jobs.step(scope, id, {
      timeout: options.timeout, job: known.job,
      variables: {
        run: Step.RUN_ID, inputs: `{% ${Jsonata.source(inputs)} %}`, hyperparameters: `{% ${Jsonata.source(hyperparameters)} %}`,
        environment: `{% ${Jsonata.source(Environment.of(identity, ...uses).inline)} %}`,
      },
      calls: [
        {
          ...service.request(this, 'submitted', {
            path: submitted.path, method, body: submitted.body, headers: submitted.headers, value: job === Step.KEY ? job : asText(job), accept: existsStatus === undefined ? undefined : [`States.Http.StatusCode.${existsStatus}`],
          }),
          acceptCause: existsCause,
        },
        {
          ...service.request(this, 'job', { path: asked.path, query: asked.query, value: { state: status.state, reason: status.reason === undefined ? '' : orEmpty(status.reason) } }),
          log: Jsonata.join(service.url, asked.log),
          until: `{% $job.state in ${Jsonata.source(status.succeeded)} %}`, failed: `{% $job.state in ${Jsonata.source(status.failed)} %}`,
          cause: `{% 'job ' & ${Jsonata.source(known.job)} & ' is ' & $job.state & ($job.reason ? ': ' & $job.reason : '') %}`,
          cancel: cancel && service.request(this, 'cancelled', { ...Jsonata.within(known, { path: cancel.path, body: cancel.body }) as HttpsCancellation, method: cancel.method ?? 'POST' }),
        },
      ],
    });
  }

  public bind(_client: iam.IGrantable): Binding {
    const { service } = this.jobs;
    const { username, credential } = service.auth;
    return {
      provider: 'https', address: service.url,
      variables: { MLOPS_TRAINING_URL: service.url, ...username !== undefined && { MLOPS_TRAINING_USERNAME: username } },
      secrets: credential ? { MLOPS_TRAINING_CREDENTIAL: credential } : {},
      probes: service.probes('MLOPS_TRAINING_CREDENTIAL'),
    };
  }
}

/** An id as text: JSONata would round a number of over 15 digits. */
function asText(id: string): string {
  return `{% ($it := ${Jsonata.source(id)}; $type($it) = 'number' ? $formatNumber($it, '0') : $it) %}`;
}

/** A text that may be nothing. */
function orEmpty(text: string): string {
  return `{% ($it := ${Jsonata.source(text)}; $exists($it) ? $string($it) : '') %}`;
}
