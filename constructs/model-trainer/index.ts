export * from './databricks-model-trainer';
export { HttpsCancellation, HttpsStatus, HttpsSubmission } from './https-jobs';
export * from './https-model-trainer';
export * from './model-trainer';
export * from './pipeline-model-trainer';
export * from './ray-model-trainer';
export * from './sagemaker-model-trainer';
