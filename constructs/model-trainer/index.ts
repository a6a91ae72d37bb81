export * from './model-trainer';
export * from './pipeline-model-trainer';
export * from './ray-model-trainer';
export * from './sagemaker-model-trainer';
