export * from './training-pipeline';
export * from './model-deployment';
export * from './run-alerts';
export * from './model-loop';
