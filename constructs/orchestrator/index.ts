export * from './orchestrator';
export * from './step-functions-orchestrator';
