export * from './model-registry';
export * from './sagemaker-model-registry';
