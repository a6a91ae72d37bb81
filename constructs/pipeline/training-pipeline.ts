import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { IAlerter } from '../alerter/alerter';
import { Jsonata, Step } from '../core';
import { check, fixed, got, like, oneOf } from '../core/validation';
import { IModelRegistry, ModelStatus } from '../model-registry/model-registry';
import { IModelTrainer, TrainOptions } from '../model-trainer/model-trainer';

/** What a model must reach to be registered. */
export interface QualityGate {
  /** One of the metrics that the training script writes. */
  readonly metric: string;
  /**
   * The least that it may be.
   * @default - no least
   */
  readonly minimum?: number;
  /**
   * The most that it may be.
   * @default - no most
   */
  readonly maximum?: number;
}

/** Who approves a version. */
export enum Approval {
  /** A person changes its status in the registry. */
  MANUAL = 'manual',
  /** Whatever passes the gate is approved. */
  AUTOMATIC = 'automatic',
}

/** Properties of a `TrainingPipeline`. */
export interface TrainingPipelineProps {
  /** Trains the model. */
  readonly trainer: IModelTrainer;
  /** Keeps the model's versions. */
  readonly registry: IModelRegistry;
  /** What is trained; its `metrics` hold the gate's too. */
  readonly training: TrainOptions;
  /**
   * What a model must reach to be registered.
   * @default - every model is registered
   */
  readonly gate?: QualityGate;
  /**
   * Who approves a version.
   * @default Approval.MANUAL
   */
  readonly approval?: Approval;
  /**
   * Told of each version that waits for approval.
   * @default - nobody
   */
  readonly alerter?: IAlerter;
}

/**
 * Train, pass the gate, register, approve: the definition of a pipeline, for an orchestrator. Its output: `runId`,
 * `jobName`, `modelUri`, `metrics`, `version`, `status`.
 */
export class TrainingPipeline extends sfn.StateMachineFragment {
  public readonly startState: sfn.State;
  public readonly endStates: sfn.INextable[];
  private readonly train: Step;

  constructor(scope: Construct, id: string, private readonly props: TrainingPipelineProps) {
    super(scope, id);
    check(props, z => ({
      trainer: like(z, 'a trainer (IModelTrainer)', 'train'),
      registry: like(z, 'a registry (IModelRegistry)', 'register'),
      training: z.looseObject({ metrics: z.array(z.unknown()).optional() }),
      gate: z.looseObject({ metric: fixed(z, /./, 'the name of a metric') }),
      approval: oneOf(z, Object.values(Approval), `an Approval (${Object.values(Approval).join(', ')})`),
      alerter: like(z, 'an alerter (IAlerter)', 'notify'),
    }), 'trainer', 'registry', 'training');
    const { trainer, registry, gate } = props;
    if (gate) checkGate(gate);
    const metrics = [...new Set([...props.training.metrics ?? [], ...gate ? [gate.metric] : []])];
    this.train = trainer.train(this, 'Train', { ...props.training, metrics });
    const register = registry.register(this, 'Register', {
      modelUri: this.train.result('modelUri'), image: this.train.result('image'), metrics: this.train.result('metrics'),
    });
    const done = this.end(register);
    this.train.next(gate ? this.pass(gate, register) : register);
    register.next(this.approve(register, done));
    this.startState = this.train;
    this.endStates = [done];
  }

  /** `next` when the model is good enough. */
  private pass(gate: QualityGate, next: sfn.IChainable): sfn.IChainable {
    const metric = Jsonata.source(gate.metric);
    const value = `$lookup(${Jsonata.source(this.train.result('metrics'))}, ${metric})`;
    const bounds = [
      ...gate.minimum !== undefined ? [{ holds: `${value} >= ${gate.minimum}`, words: `at least ${gate.minimum}` }] : [],
      ...gate.maximum !== undefined ? [{ holds: `${value} <= ${gate.maximum}`, words: `at most ${gate.maximum}` }] : [],
    ];
    const words = bounds.map(bound => bound.words).join(' and ');
    const failed = new sfn.Fail(this, 'GateFailed', {
      stateName: 'Gate failed', error: 'Mlops.Failed',
      cause: `{% 'Gate: ' & ${metric} & ' ' & ($exists(${value}) ? 'is ' & $string(${value}) & ', must be ${words}' : 'is not among the metrics that the run reported: write it to metrics.json') & ' (log: ' & $states.context.Execution.Id & ')' %}`,
    });
    return new sfn.Choice(this, 'Gate', { stateName: 'Gate' })
      .when(sfn.Condition.jsonata(`{% $exists(${value}) and ${bounds.map(bound => bound.holds).join(' and ')} %}`), next)
      .otherwise(failed);
  }

  private approve(register: Step, done: sfn.State): sfn.IChainable {
    const { registry, approval = Approval.MANUAL, alerter } = this.props;
    const version = register.result('version');
    if (approval === Approval.AUTOMATIC) {
      return registry.setStatus(this, 'Approve', { version, status: ModelStatus.APPROVED, reason: 'passed the gate' }).next(done);
    }
    if (!alerter) return done;
    const notify = alerter.notify(this, 'Ask', {
      subject: 'A model version waits for approval',
      message: `{% 'Version ' & ${Jsonata.source(version)} & ' of run ' & ${Jsonata.source(Step.RUN_ID)} & ' waits for approval. Metrics: ' & $string(${Jsonata.source(this.train.result('metrics'))}) %}`,
    });
    // The version is registered: that nobody could be told is no reason to fail the run.
    notify.addCatch(done);
    notify.next(done);
    return notify;
  }

  private end(register: Step): sfn.Pass {
    return new sfn.Pass(this, 'Registered', {
      stateName: 'Registered',
      outputs: {
        runId: Step.RUN_ID, jobName: this.train.result('jobName'), modelUri: this.train.result('modelUri'), metrics: this.train.result('metrics'),
        version: register.result('version'), status: this.props.approval === Approval.AUTOMATIC ? ModelStatus.APPROVED : register.result('status'),
      },
    });
  }
}

function checkGate({ metric, minimum, maximum }: QualityGate) {
  for (const [name, bound] of Object.entries({ minimum, maximum })) {
    if (bound !== undefined && !Number.isFinite(bound)) throw new Error(`'gate.${name}' must be a number, ${got(bound)}`);
  }
  if (minimum === undefined && maximum === undefined) throw new Error(`'gate' must have a 'minimum' or a 'maximum' for '${metric}', got neither`);
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
    throw new Error(`'gate.minimum' must be at most 'gate.maximum', got ${minimum} and ${maximum}: no model would pass`);
  }
}
