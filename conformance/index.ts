import { ALERTER } from './contracts/alerter';
import { ARTIFACT_STORE, S3_ARTIFACT_STORE } from './contracts/artifact-store';
import { EXPERIMENT_TRACKER } from './contracts/experiment-tracker';
import { CAPTURING_ENDPOINT, DEPLOYABLE_ENDPOINT, MODEL_ENDPOINT } from './contracts/model-endpoint';
import { DRIFT_MONITOR, MODEL_MONITOR } from './contracts/model-monitor';
import { MODEL_REGISTRY } from './contracts/model-registry';
import { MODEL_TRAINER } from './contracts/model-trainer';
import { ORCHESTRATOR, PIPELINE_ORCHESTRATOR } from './contracts/orchestrator';
import { suite } from './suite';

export { PIPELINE } from './contracts/orchestrator';
export type { ConformanceCase, Factory, Neighbours, Suite } from './contract';

/** Of an `IAlerter`. */
export const alerter = suite(ALERTER);
/** Of an `IArtifactStore`. */
export const artifactStore = suite(ARTIFACT_STORE);
/** Of an `IS3ArtifactStore`. */
export const s3ArtifactStore = suite(S3_ARTIFACT_STORE);
/** Of an `IExperimentTracker`. */
export const experimentTracker = suite(EXPERIMENT_TRACKER);
/** Of an `IModelEndpoint`. */
export const modelEndpoint = suite(MODEL_ENDPOINT);
/** Of an `IDeployableEndpoint`. */
export const deployableEndpoint = suite(DEPLOYABLE_ENDPOINT);
/** Of an `ICapturingEndpoint`. */
export const capturingEndpoint = suite(CAPTURING_ENDPOINT);
/** Of an `IModelMonitor`. */
export const modelMonitor = suite(MODEL_MONITOR);
/** Of an `IDriftMonitor`. */
export const driftMonitor = suite(DRIFT_MONITOR);
/** Of an `IModelRegistry`. */
export const modelRegistry = suite(MODEL_REGISTRY);
/** Of an `IModelTrainer`. */
export const modelTrainer = suite(MODEL_TRAINER);
/** Of an `IOrchestrator`; it must know the pipeline `PIPELINE`. */
export const orchestrator = suite(ORCHESTRATOR);
/** Of an `IPipelineOrchestrator`; it must know the pipeline `PIPELINE`. */
export const pipelineOrchestrator = suite(PIPELINE_ORCHESTRATOR);
