import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { Auth, AuthScheme, Binding, Environment, Jsonata, Step } from '../core';
import { allow, grant } from '../core/grants';
import { check, fixed, number } from '../core/validation';
import { SageMakerImage } from '../sagemaker/sagemaker-image';
import { IModelTrainer, TrainOptions } from './model-trainer';
import { checkTrain, RemoteJobs } from './remote-jobs';
import { requirements } from './requirements';
import { sourceBundle } from './source-bundle';

/** Properties of a `RayModelTrainer`. */
export interface RayModelTrainerProps {
  /** The https:// URL of the cluster's dashboard, which serves the Jobs API. */
  readonly url: string;
  /** Receives the models, under `training/`. */
  readonly artifactStore: IArtifactStore;
  /**
   * How the cluster knows its callers; `Auth.bearer` with the token of Ray's own authentication.
   * @default Auth.none()
   */
  readonly auth?: Auth;
  /**
   * The AWS identity that the cluster's nodes take; it is granted what the jobs need.
   * @default - the cluster's owner grants it: the source, the inputs, `training/`, what the components in `uses` ask for
   */
  readonly identity?: iam.IGrantable;
  /**
   * The shell command of a job without `source`.
   * @default - every job brings its source
   */
  readonly entrypoint?: string;
  /**
   * How many GPUs a job takes, from 0 to 1024.
   * @default 0
   */
  readonly gpus?: number;
  /**
   * Serves the models.
   * @default SageMakerImage.scikitLearn()
   */
  readonly image?: SageMakerImage;
}

/** Fetches the source into a folder of the job's own and runs it there. */
const FETCH = "import boto3, io, os, tarfile; b, _, k = os.environ['MLOPS_SOURCE'][5:].partition('/'); tarfile.open(fileobj=io.BytesIO(boto3.client('s3').get_object(Bucket=b, Key=k)['Body'].read())).extractall()";
const RUN = `cd "$(mktemp -d)" && python -c "${FETCH}" && exec python -m mlops_runtime.remote "$MLOPS_PROGRAM"`;

/**
 * Trains as jobs of a Ray cluster, which has boto3 and an AWS identity of its own.
 * @see https://docs.ray.io/en/latest/cluster/running-applications/job-submission/rest.html
 */
export class RayModelTrainer extends Construct implements IModelTrainer {
  private readonly jobs: RemoteJobs;

  constructor(scope: Construct, id: string, private readonly props: RayModelTrainerProps) {
    super(scope, id);
    check(props, z => ({ entrypoint: fixed(z, /^[^\0]*\S[^\0]*$/, 'a shell command'), gpus: number(z, 0, 1024) }));
    this.jobs = new RemoteJobs(this, props);
  }

  public train(scope: Construct, id: string, options: TrainOptions): Step {
    checkTrain(options, z => fixed(z, /^[^\0]+$/, 'the path of a folder'));
    const { entrypoint } = this.props;
    if (options.source === undefined && entrypoint === undefined) throw new Error("'source' must be given to a trainer without an 'entrypoint', got none");
    const { service } = this.jobs;
    const path = Jsonata.join('/api/jobs/', Step.KEY);
    const packages = options.source === undefined ? [] : requirements(options.source);
    return this.jobs.step(scope, id, {
      timeout: options.timeout, job: Step.KEY,
      calls: [
        {
          ...service.request(this, 'submitted', {
            path: '/api/jobs/',
            // Ray answers 500 to an id that it has: the job is this run's own, started before.
            accept: ['States.Http.StatusCode.500'],
            body: {
              submission_id: Step.KEY, entrypoint: options.source === undefined ? entrypoint : RUN, entrypoint_num_gpus: this.props.gpus,
              metadata: { run: Step.RUN_ID }, runtime_env: { env_vars: this.environment(scope, id, options), pip: packages.length ? packages : undefined },
            },
          }),
          acceptCause: 'already exists',
        },
        {
          ...service.request(this, 'job', { path, value: { status: '{% $states.result.ResponseBody.status %}', message: "{% $states.result.ResponseBody.message ? $states.result.ResponseBody.message : '' %}" } }),
          log: Jsonata.join(service.url, path, '/logs'),
          until: "{% $job.status = 'SUCCEEDED' %}",
          failed: "{% $job.status in ['FAILED', 'STOPPED'] %}",
          cause: "{% 'job ' & $key & ' is ' & $job.status & ': ' & $job.message %}",
          cancel: service.request(this, 'stopped', { path: Jsonata.join(path, '/stop'), method: 'POST' }),
        },
      ],
    });
  }

  /** In the names of Ray's own clients. */
  public bind(_client: iam.IGrantable): Binding {
    const { service } = this.jobs;
    const { scheme, credential, username } = service.auth;
    const bearer = scheme === AuthScheme.BEARER;
    const name = bearer ? 'RAY_AUTH_TOKEN' : 'MLOPS_RAY_CREDENTIAL';
    return {
      provider: 'ray', address: service.url,
      variables: { RAY_ADDRESS: service.url, ...bearer && { RAY_AUTH_MODE: 'token' }, ...username !== undefined && { MLOPS_RAY_USERNAME: username } },
      secrets: credential ? { [name]: credential } : {},
      probes: service.probes(name, { alive: '/api/version', authorized: { path: '/api/jobs/' }, version: { path: '/api/version', matches: '"ray_version": "2\\.' } }),
    };
  }

  private environment(scope: Construct, id: string, { source, entry = 'train.py', inputs = {}, hyperparameters = {}, uses = [] }: TrainOptions) {
    const { artifactStore } = this.props;
    const { identity, outputs } = this.jobs;
    const bundle = source === undefined ? undefined : sourceBundle(scope, `${id}Source`, source, entry);
    const bound = Environment.of(identity, ...uses).inline;
    const elsewhere = bound.AWS_ENDPOINT_URL_S3;
    if (bundle && elsewhere) throw new Error(`'source' must be left out for a job that 'uses' an artifact store elsewhere, got '${source}': its client looks for the source at ${elsewhere}; put the code into the cluster's image`);
    if (bundle) grant(identity, [allow(['s3:GetObject'], [bundle.bucket.arnForObjects(bundle.s3ObjectKey)])], 'fetches the source');
    // Other buckets are their owner's to grant.
    Object.values(inputs).filter(uri => `${uri}/`.startsWith(`${artifactStore.uri}/`))
      .forEach(uri => grant(identity, artifactStore.readPolicies(uri.slice(artifactStore.uri.length + 1)), 'reads its inputs'));
    return {
      ...bound,
      ...Object.fromEntries(Object.entries(inputs).map(([name, uri]) => [`MLOPS_CHANNEL_${name.toUpperCase()}`, uri])),
      ...bundle && { MLOPS_SOURCE: bundle.s3ObjectUrl, MLOPS_PROGRAM: entry },
      MLOPS_HYPERPARAMETERS: `{% $string(${Jsonata.source(hyperparameters)}) %}`, MLOPS_OUTPUTS: outputs.uri, MLOPS_RUN_ID: Step.RUN_ID,
    };
  }
}
