import { IPipelineOrchestrator, StepFunctionsOrchestrator } from '../../constructs/orchestrator';
import { Providers } from './provider';

export const ORCHESTRATORS: Providers<IPipelineOrchestrator> = {
  'step-functions': { fields: () => ({}), create: (scope, id) => new StepFunctionsOrchestrator(scope, id) },
};
