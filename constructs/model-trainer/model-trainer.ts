import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { IComponent, Step } from '../core';

/** Where in the artifact store every trainer leaves its models, and whoever serves them may read. */
export const MODELS = 'training/';

/** One training run. */
export interface TrainOptions {
  /**
   * The folder with the training script, its `requirements.txt` and, for the model's server, `inference/`.
   * @default - the program of the trainer's image
   */
  readonly source?: string;
  /**
   * The script in `source`.
   * @default 'train.py'
   */
  readonly entry?: string;
  /**
   * The script's arguments, by name; a value may be JSONata.
   * @default - none
   */
  readonly hyperparameters?: { [name: string]: string };
  /**
   * The data channels, name to s3:// address; the script finds `<name>` in `SM_CHANNEL_<NAME>`. At most 20.
   * @default - none
   */
  readonly inputs?: { [channel: string]: string };
  /**
   * The metrics that the script writes to `metrics.json` and that the step reports. At most 40.
   * @default - none
   */
  readonly metrics?: string[];
  /**
   * The components that the script uses, such as an experiment tracker.
   * @default - none
   */
  readonly uses?: IComponent[];
  /**
   * The longest that the run may take, from a second to 28 days.
   * @default Duration.days(1)
   */
  readonly timeout?: Duration;
}

/**
 * Trains models. The training contract is SageMaker's script mode, whoever provides it: `SM_CHANNEL_*`, `SM_MODEL_DIR`,
 * hyperparameters as arguments; the script writes its model and `metrics.json` (name to number) into `SM_MODEL_DIR`.
 */
export interface IModelTrainer extends IComponent {
  /**
   * Trains one model. Result: `jobName`, `modelUri` (s3://.../model.tar.gz), `metrics` (name to number), `image` (serves
   * the model, unless its endpoint has an image of its own). Keyed by the run: a retry finds the job.
   */
  train(scope: Construct, id: string, options: TrainOptions): Step;
}
