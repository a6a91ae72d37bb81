export * from './orchestrator';
export * from './prefect-orchestrator';
export * from './step-functions-orchestrator';
export * from './zenml-orchestrator';
