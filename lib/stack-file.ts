import { existsSync, readFileSync } from 'fs';
import type * as Zod from 'zod';
import { got, nearest } from '../constructs/core/validation';
import { ALERTERS, ENDPOINTS, MONITORS, ORCHESTRATORS, Providers, REGISTRIES, STORES, TRACKERS, TRAINERS } from './catalogue';

/** One component of the stack file: who provides it, and the provider's settings. */
export interface Choice {
  readonly provider: string;
  readonly settings: { [field: string]: any };
  /** The provider's fields, given or not. */
  readonly fields: string[];
}

/** What a stack file says, checked, with every default filled in. */
export interface StackFile {
  readonly name: string;
  readonly store: Choice;
  readonly tracker: Choice;
  readonly trainer: Choice;
  readonly registry: Choice;
  readonly endpoint: Choice;
  readonly monitor: Choice;
  readonly orchestrator: Choice;
  readonly alerter: Choice;
  readonly pipeline: {
    readonly train: string; readonly test: string; readonly sample: string; readonly metrics: string[];
    readonly gate?: { readonly metric: string; readonly minimum?: number; readonly maximum?: number };
    readonly approval: 'manual' | 'automatic';
  };
}

/** The sections of the stack file that choose a provider. */
export const COMPONENTS: { [section: string]: Providers<any, any> } = {
  store: STORES, tracker: TRACKERS, trainer: TRAINERS, registry: REGISTRIES, endpoint: ENDPOINTS, monitor: MONITORS, orchestrator: ORCHESTRATORS, alerter: ALERTERS,
};

/** Fields that would hold a credential. */
const CREDENTIAL = /^(password|passwd|pwd|token|api_?key|secret_?key|access_?key|credentials?)$/i;

/**
 * Reads a stack file. An empty file is the whole stack on AWS.
 * @throws Error with one line when there is no such file, or it is not YAML
 */
export function parseStackFile(path: string): { [section: string]: any } {
  if (!existsSync(path)) throw new Error(`'config' must be a stack file that exists, got '${path}'`);
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const yaml: typeof import('yaml') = require('yaml');
  try {
    return yaml.parse(readFileSync(path, 'utf8'), { maxAliasCount: 0 }) ?? {};
  } catch (error) {
    throw new Error(`${path}: must be YAML: ${(error as Error).message.split('\n')[0].replace(/:$/, '')}`);
  }
}

/**
 * Checks what a stack file says, and fills the defaults in.
 * @throws Error with one line that names the field, what it got and what is allowed
 */
export function checkStackFile(settings: unknown): StackFile {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const z: typeof Zod = require('zod');
  const file = mapping('the file', settings ?? {});
  refuseCredentials(file, '');
  const { name, pipeline, ...components } = file;
  const known = ['name', ...Object.keys(COMPONENTS), 'pipeline'];
  const extra = Object.keys(components).find(section => !Object.hasOwn(COMPONENTS, section));
  if (extra !== undefined) throw new Error(`'${extra}' must be one of ${known.join(', ')}: did you mean '${nearest(extra, known)}'?`);
  const choices = Object.entries(COMPONENTS).map(([section, providers]) => [section, choose(z, section, providers, components[section])]);
  return { name: parse('name', nameSchema(z), name), ...Object.fromEntries(choices), pipeline: parse('pipeline', pipelineSchema(z), pipeline ?? {}) };
}

function choose(z: typeof Zod, section: string, providers: Providers<any, any>, given: unknown): Choice {
  const names = Object.keys(providers);
  const { provider = names[0], ...settings } = mapping(`'${section}'`, given ?? {});
  if (typeof provider !== 'string' || !names.includes(provider)) {
    throw new Error(`'${section}.provider' must be one of ${names.join(', ')}, ${got(provider)}: did you mean '${nearest(String(provider), names)}'?`);
  }
  const fields = providers[provider].fields(z);
  return { provider, settings: parse(section, z.strictObject(fields), settings, provider), fields: Object.keys(fields) };
}

export function nameSchema(z: typeof Zod) {
  return z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,62}$/, { error: 'must be a letter and then at most 62 letters, digits or -' }).default('mlops');
}

export function pipelineSchema(z: typeof Zod) {
  const folder = (path: string) => z.string().regex(/^[^/\s][^\s]*$/, { error: "must be a path in the artifact store, without a '/' at the start" }).default(path);
  return z.strictObject({
    train: folder('data/train/'), test: folder('data/test/'), sample: folder('data/sample.csv'),
    metrics: z.array(z.string()).default(['accuracy', 'f1', 'roc_auc']),
    gate: z.strictObject({ metric: z.string(), minimum: z.number().optional(), maximum: z.number().optional() })
      .refine(gate => gate.minimum !== undefined || gate.maximum !== undefined, { error: "must have a 'minimum' or a 'maximum'" }).default({ metric: 'accuracy', minimum: 0.9 }),
    approval: z.enum(['manual', 'automatic']).default('manual'),
  });
}

function parse<T>(section: string, schema: Zod.ZodType<T>, value: unknown, provider?: string): T {
  const { data, error } = schema.safeParse(value);
  if (error) throw new Error(explain(section, error.issues[0], value, schema, provider));
  return data as T;
}

/** One line about an issue of zod's. */
function explain(section: string, issue: Zod.core.$ZodIssue, value: unknown, schema: any, provider?: string): string {
  const of = provider === undefined ? '' : ` of provider '${provider}'`;
  const expected = (type: string) => ({ record: 'a mapping', object: 'a mapping', array: 'a list' })[type] ?? `a ${type}`;
  const at = `'${[section, ...issue.path].join('.')}'`;
  const found = issue.path.reduce<any>((part, key) => part?.[key], value);
  if (issue.code === 'unrecognized_keys') {
    const fields = Object.keys(issue.path.reduce<any>((part, key) => part?.shape?.[key]?.unwrap?.() ?? part?.shape?.[key], schema)?.shape ?? {});
    const [key] = issue.keys;
    const hint = fields.length ? ` (allowed: ${fields.join(', ')}): did you mean '${nearest(key, fields)}'?` : ' (it has none)';
    return `'${[section, ...issue.path, key].join('.')}' is not a field${of}${hint}`;
  }
  if (issue.code === 'invalid_type') return found === undefined ? `${at}${of} is missing: it must be ${expected(issue.expected)}` : `${at} must be ${expected(issue.expected)}, ${got(found)}`;
  if (issue.code === 'too_small') return `${at} must be at least ${issue.minimum}, ${got(found)}`;
  if (issue.code === 'too_big') return `${at} must be at most ${issue.maximum}, ${got(found)}`;
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    return `${at} must be one of ${values.join(', ')}, ${got(found)}: did you mean '${nearest(String(found), values)}'?`;
  }
  // What stands in place of a secret's name may be the secret.
  return issue.path.at(-1) === 'secret' ? `${at} ${issue.message}` : `${at} ${issue.message}, ${got(found)}`;
}

function mapping(what: string, value: unknown): { [field: string]: any } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${what} must be a mapping of fields, ${got(value)}${typeof value === 'string' && what !== 'the file' ? `: did you mean { provider: ${value} }?` : ''}`);
  }
  return value as { [field: string]: any };
}

/** Nothing secret stands in a file that is committed. The value is not repeated. */
function refuseCredentials(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [field, inner] of Object.entries(value)) {
    const at = path ? `${path}.${field}` : field;
    if (CREDENTIAL.test(field) && typeof inner !== 'object') {
      throw new Error(`'${at}' must not stand in the file: put the value into AWS Secrets Manager and name it with 'secret' (and 'field', for one field of its JSON)`);
    }
    if (typeof inner === 'string' && /^https?:\/\/[^/\s]*:[^/\s]*@/.test(inner)) {
      throw new Error(`'${at}' must be a URL without a credential, got one with a user and password: name them with 'username' and 'secret'`);
    }
    refuseCredentials(inner, at);
  }
}
