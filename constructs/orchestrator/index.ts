export * from './orchestrator';
export * from './airflow-orchestrator';
export * from './dagster-orchestrator';
export * from './prefect-orchestrator';
export * from './step-functions-orchestrator';
export * from './zenml-orchestrator';
