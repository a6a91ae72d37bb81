export * from './model-monitor';
export * from './cloudwatch-model-monitor';
