import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type * as Zod from 'zod';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { Auth, Call, ExternalEndpoint, Step } from '../core';
import { grant, Nobody } from '../core/grants';
import { Outputs } from '../core/outputs';
import { check, like, mapping } from '../core/validation';
import { SageMakerImage } from '../sagemaker/sagemaker-image';
import { MODELS, TrainOptions } from './model-trainer';

/** What jobs of an outside service are given. */
export interface RemoteJobsProps {
  readonly url: string;
  readonly artifactStore: IArtifactStore;
  readonly auth?: Auth;
  readonly identity?: iam.IGrantable;
  readonly image?: SageMakerImage;
}

/** One job. */
export interface RemoteJob {
  /** Its id, by which the step's result names it. */
  readonly job: string;
  /** From its submission to its end. */
  readonly calls: Call[];
  readonly variables?: { [name: string]: string };
  readonly timeout?: Duration;
}

/** Jobs of an outside service: who they are in AWS, where they leave their models, and what serves those. */
export class RemoteJobs {
  public readonly service: ExternalEndpoint;
  public readonly identity: iam.IGrantable;
  public readonly outputs: Outputs;
  private readonly image: string;

  constructor(trainer: Construct, props: RemoteJobsProps) {
    check(props, z => ({
      artifactStore: like(z, 'an artifact store (IArtifactStore)', 'uriFor', 'read', 'writePolicies'), identity: like(z, 'an identity (iam.IGrantable)', 'grantPrincipal'), image: like(z, 'a SageMakerImage', 'bind'),
    }), 'artifactStore');
    this.service = new ExternalEndpoint(props.url, props.auth ?? Auth.none());
    this.service.warnIfLoopback(trainer);
    this.outputs = new Outputs(props.artifactStore, MODELS);
    this.image = (props.image ?? SageMakerImage.scikitLearn()).bind(trainer).uri;
    this.identity = props.identity ?? new Nobody();
    grant(this.identity, props.artifactStore.writePolicies(MODELS), 'writes the model');
  }

  /** A step that ends with what the job has left. */
  public step(scope: Construct, id: string, { job, calls, variables, timeout }: RemoteJob): Step {
    const result = trained(job, this.image);
    return new Step(scope, id, { timeout, variables, calls: [...calls, this.outputs.read(result)], result: this.outputs.result(result) });
  }
}

/** The result of a training, in which `$output` is what the job has left. */
export function trained(jobName: string, image: string): { [name: string]: string } {
  // The empty object stands for metrics that are not there.
  return { jobName, modelUri: '{% $output.modelUri %}', metrics: '{% $merge([{}, $output.metrics]) %}', image };
}

/** Refuses bad options of a training elsewhere; what its `source` may be is its own. */
export function checkTrain(options: TrainOptions, source: (z: typeof Zod) => Zod.ZodType): void {
  check(options, z => ({ source: source(z), inputs: mapping(z), hyperparameters: mapping(z), uses: z.array(like(z, 'a component (IComponent)', 'bind')) }));
}
