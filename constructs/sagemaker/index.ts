export * from './sagemaker-image';
