import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Binding, Environment, Step } from '../core';
import { Nobody } from '../core/grants';
import { check, FILLED, fixed, like, mustBe } from '../core/validation';
import { IOrchestrator } from '../orchestrator/orchestrator';
import { SageMakerImage } from '../sagemaker/sagemaker-image';
import { IModelTrainer, TrainOptions } from './model-trainer';
import { checkTrain, trained } from './remote-jobs';

/** Properties of a `PipelineModelTrainer`. */
export interface PipelineModelTrainerProps {
  /** Runs the pipeline. */
  readonly orchestrator: IOrchestrator;
  /** The pipeline's name, as the orchestrator knows it. */
  readonly pipeline: string;
  /**
   * The AWS identity that the pipeline runs with; it is granted what the components in `uses` ask for.
   * @default - the pipeline's owner grants it
   */
  readonly identity?: iam.IGrantable;
  /**
   * Serves the models.
   * @default SageMakerImage.scikitLearn()
   */
  readonly image?: SageMakerImage;
}

/**
 * Trains by a pipeline of one's own, wherever it lives. The pipeline's input is `inputs`, `hyperparameters` and `environment`,
 * three mappings; its output holds `modelUri` and `metrics`.
 */
export class PipelineModelTrainer extends Construct implements IModelTrainer {
  private readonly image: string;

  constructor(scope: Construct, id: string, private readonly props: PipelineModelTrainerProps) {
    super(scope, id);
    check(props, z => ({
      orchestrator: like(z, 'an orchestrator (IOrchestrator)', 'run', 'inspect'), pipeline: fixed(z, ...FILLED), identity: like(z, 'an identity (iam.IGrantable)', 'grantPrincipal'), image: like(z, 'a SageMakerImage', 'bind'),
    }), 'orchestrator', 'pipeline');
    this.image = (props.image ?? SageMakerImage.scikitLearn()).bind(this).uri;
  }

  public train(scope: Construct, id: string, options: TrainOptions): Step {
    checkTrain(options, z => mustBe(z, 'left out, since the pipeline brings its own', it => it === undefined));
    const { orchestrator, pipeline, identity } = this.props;
    const environment = Environment.of(identity ?? new Nobody(), ...options.uses ?? []).inline;
    return orchestrator.run(scope, id, {
      pipeline, timeout: options.timeout, input: { inputs: options.inputs ?? {}, hyperparameters: options.hyperparameters ?? {}, environment },
      result: trained('{% $run %}', this.image),
    });
  }

  /** How the orchestrator is reached, and which pipeline trains. */
  public bind(client: iam.IGrantable): Binding {
    const { orchestrator, pipeline } = this.props;
    const { variables, ...binding } = orchestrator.bind(client);
    return { ...binding, variables: { ...variables, MLOPS_TRAINING_PIPELINE: pipeline } };
  }
}
