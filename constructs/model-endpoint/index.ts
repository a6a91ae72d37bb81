export * from './model-endpoint';
export * from './sagemaker-endpoint';
export * from './sagemaker-model-endpoint';
export * from './deployable-sagemaker-endpoint';
export * from './open-inference-endpoint';
export * from './deployable-open-inference-endpoint';
export * from './https-model-endpoint';
export * from './openai-model-endpoint';
