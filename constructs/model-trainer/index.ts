export * from './model-trainer';
export * from './sagemaker-model-trainer';
