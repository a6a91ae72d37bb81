export * from './model-monitor';
export * from './cloudwatch-model-monitor';
export * from './otlp-model-monitor';
export * from './evidently-model-monitor';
export * from './phoenix-model-monitor';
export * from './fiddler-model-monitor';
export * from './fiddler-partner-app-model-monitor';
export * from './whylabs-model-monitor';
