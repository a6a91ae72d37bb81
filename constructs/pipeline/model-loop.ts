import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { IAlerter } from '../alerter/alerter';
import { IArtifactStore } from '../artifact-store/artifact-store';
import { check, like } from '../core/validation';
import { IDeployableEndpoint } from '../model-endpoint/model-endpoint';
import { IModelMonitor } from '../model-monitor/model-monitor';
import { IModelRegistry, ModelStatus } from '../model-registry/model-registry';
import { IModelTrainer, TrainOptions } from '../model-trainer/model-trainer';
import { IPipelineOrchestrator } from '../orchestrator/orchestrator';
import { ModelDeployment } from './model-deployment';
import { RunAlerts } from './run-alerts';
import { Approval, QualityGate, TrainingPipeline } from './training-pipeline';

/** Properties of a `ModelLoop`. */
export interface ModelLoopProps {
  /** Holds the data, the models and the sample. */
  readonly store: IArtifactStore;
  /** Trains. */
  readonly trainer: IModelTrainer;
  /** Keeps the versions. */
  readonly registry: IModelRegistry;
  /** Serves the version that was approved last. */
  readonly endpoint: IDeployableEndpoint;
  /** Runs the two pipelines. */
  readonly orchestrator: IPipelineOrchestrator;
  /** Told of versions that wait, of deployments and of every failure. */
  readonly alerter: IAlerter;
  /** What is trained. */
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
   * One request as clients send it, a line of CSV without a header, by its path in `store`.
   * @default - versions are not tried
   */
  readonly sample?: string;
  /**
   * Watches the model.
   * @default - nobody
   */
  readonly monitor?: IModelMonitor;
}

/**
 * The loop: data -> train -> gate -> register -> approve -> deploy -> serve, and one alert for every failure. Two pipelines
 * of the orchestrator, `training` and `deployment`; an approval starts the second.
 */
export class ModelLoop extends Construct {
  /** Trains, gates, registers. Input: `{}` or `{"runId": "..."}`. */
  public readonly training: sfn.StateMachine;
  /** Deploys an approved version. Started by the approval. */
  public readonly deployment: sfn.StateMachine;

  constructor(scope: Construct, id: string, props: ModelLoopProps) {
    super(scope, id);
    check(props, z => ({
      orchestrator: like(z, 'an orchestrator of pipelines (IPipelineOrchestrator)', 'addPipeline', 'inspect'), registry: like(z, 'a registry (IModelRegistry)', 'register', 'onStatusChanged'),
      alerter: like(z, 'an alerter (IAlerter)', 'notify'), monitor: like(z, 'a monitor (IModelMonitor)', 'onUnhealthy'),
    }), 'orchestrator', 'registry', 'alerter');
    const { store, trainer, registry, endpoint, orchestrator, alerter, monitor } = props;
    this.training = orchestrator.addPipeline('training', {
      comment: 'Train, pass the gate, register, wait for approval',
      definition: new TrainingPipeline(this, 'Training', { trainer, registry, alerter, training: props.training, gate: props.gate, approval: props.approval }),
    });
    this.deployment = orchestrator.addPipeline('deployment', {
      comment: 'Deploy an approved version, one at a time',
      definition: new ModelDeployment(this, 'Deployment', { registry, endpoint, store, orchestrator, alerter, sample: props.sample }),
    });
    registry.onStatusChanged('Approved', { status: ModelStatus.APPROVED, target: new targets.SfnStateMachine(this.deployment) });
    new RunAlerts(this, 'Alerts', { alerter, orchestrator, monitor });
  }
}
