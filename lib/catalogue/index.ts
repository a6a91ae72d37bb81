export { ALERTERS } from './alerter';
export { STORES } from './artifact-store';
export { TRACKERS } from './experiment-tracker';
export { ENDPOINTS } from './model-endpoint';
export { MONITORS } from './model-monitor';
export { REGISTRIES } from './model-registry';
export { TRAINERS } from './model-trainer';
export { ORCHESTRATORS } from './orchestrator';
export { Provider, Providers } from './provider';
