export * from './model-registry';
export * from './sagemaker-model-registry';
export * from './mlflow-model-registry';
export * from './hugging-face-model-registry';
export * from './wandb-model-registry';
