export * from './experiment-tracker';
export * from './sagemaker-experiment-tracker';
export * from './mlflow-experiment-tracker';
