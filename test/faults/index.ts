import { ENDPOINTS } from './endpoints';
import { Fault } from './fault';
import { PERMISSIONS } from './permissions';
import { PIPELINES } from './pipelines';
import { SECRETS } from './secrets';
import { STACK } from './stack';
import { STORAGE } from './storage';

export type { Call } from './calls';
export { CALLS } from './calls';
export { Extras } from './extras';
export type { Fault } from './fault';

/** Every seeded fault of a template. */
export const FAULTS: Fault[] = [...ENDPOINTS, ...PIPELINES, ...PERMISSIONS, ...SECRETS, ...STORAGE, ...STACK];
