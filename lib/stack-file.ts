import { readFileSync, statSync } from 'fs';
import type * as Zod from 'zod';
import { PrivateService } from '../constructs/core';
import { expected, got, isPlain, nearest, reason, shown } from '../constructs/core/validation';
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
  readonly rotation: boolean;
  readonly privateLink?: { readonly vpc: string; readonly subnets: string[]; readonly services: PrivateService[] };
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

/** More than anybody writes by hand. */
const MOST = { bytes: 100_000, nesting: 50 };

/** Columns of a level, at most. */
const INDENTATION = 4;

/**
 * Reads a stack file. An empty file is the whole stack on AWS.
 * @throws Error with one line when there is no such file, or it is not YAML that says what it means in one place
 */
export function parseStackFile(path: string): { [section: string]: any } {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const yaml: typeof import('yaml') = require('yaml');
  const refuse = (why: string): never => { throw new Error(`${path}: ${why}`); };
  const text = read(path, refuse);
  // The parser goes down with the nesting, and with it the whole process.
  if (isDeep(yaml, text)) refuse(`must be nested at most ${MOST.nesting} levels deep, got more`);
  const document = yaml.parseDocument(text, { resolveKnownTags: false, logLevel: 'error' });
  const [issue] = [...document.errors, ...document.warnings];
  if (issue) refuse(`must be YAML: ${shown(issue.message.split('\n')[0].replace(/:$/, ''))}`);
  yaml.visit(document, { Alias: () => refuse('must write each value out, got an alias (*)') });
  return document.toJS() ?? {};
}

function read(path: string, refuse: (why: string) => never): string {
  const file = statSync(path, { throwIfNoEntry: false });
  if (!file?.isFile()) throw new Error(`'config' must be a stack file that exists, ${got(path)}`);
  if (file.size > MOST.bytes) refuse(`must be at most ${MOST.bytes} bytes, got ${file.size}`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch {
    return refuse('must be text in UTF-8, got other bytes');
  }
}

/** Whether brackets, or indentation and `- ` and `? ` before a line's content, go deeper than anybody nests. */
function isDeep(yaml: typeof import('yaml'), text: string): boolean {
  let level = 0;
  const brackets = [...new yaml.Lexer().lex(text)].some(token => {
    if (token === '[' || token === '{') level++;
    if (token === ']' || token === '}') level = Math.max(0, level - 1);
    return level > MOST.nesting;
  });
  return brackets || new RegExp(`^[ \\t?:-]{${MOST.nesting * INDENTATION + 1}}`, 'm').test(text);
}

/**
 * Checks what a stack file says, and fills the defaults in.
 * @throws Error with one line that names the field, what it got and what is allowed
 */
export function checkStackFile(settings: unknown): StackFile {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const z: typeof Zod = require('zod');
  const file = mapping('the file', settings ?? {});
  refuseFields(file, '');
  const { name, rotation, privateLink, pipeline, ...components } = file;
  const known = ['name', 'rotation', 'privateLink', ...Object.keys(COMPONENTS), 'pipeline'];
  const extra = Object.keys(components).find(section => !Object.hasOwn(COMPONENTS, section));
  if (extra !== undefined) throw new Error(`'${shown(extra)}' is not a section (allowed: ${known.join(', ')}): did you mean '${nearest(extra, known)}'?`);
  const choices = Object.entries(COMPONENTS).map(([section, providers]) => [section, choose(z, section, providers, components[section])]);
  return {
    name: parse('name', nameSchema(z), name), rotation: parse('rotation', rotationSchema(z), rotation), privateLink: parse('privateLink', privateLinkSchema(z), privateLink),
    ...Object.fromEntries(choices), pipeline: parse('pipeline', pipelineSchema(z), pipeline ?? {}),
  };
}

function choose(z: typeof Zod, section: string, providers: Providers<any, any>, given: unknown): Choice {
  const names = Object.keys(providers);
  const { provider = names[0], ...settings } = mapping(`'${section}'`, given ?? {});
  if (!names.includes(provider)) {
    throw new Error(`'${section}.provider' must be one of ${names.join(', ')}, ${got(provider)}: did you mean '${nearest(provider, names)}'?`);
  }
  const fields = providers[provider].fields(z);
  return { provider, settings: parse(section, z.strictObject(fields), settings, provider), fields: Object.keys(fields) };
}

export function nameSchema(z: typeof Zod) {
  return z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,62}$/, { error: 'must be a letter and then at most 62 letters, digits or -' }).default('mlops');
}

/** Whether rotated secrets reach the connections that hold a copy. */
export function rotationSchema(z: typeof Zod) {
  return z.boolean().default(false);
}

/** The VPC from which vendors are reached by AWS PrivateLink, and their endpoint services; `PrivateLink` checks those. */
export function privateLinkSchema(z: typeof Zod) {
  const id = (kind: string) => z.string().regex(new RegExp(`^${kind}-[0-9a-f]{8,17}$`), { error: `must be the id of one that exists, ${kind}-<8 to 17 hexadecimal digits>` });
  return z.strictObject({
    vpc: id('vpc'), subnets: z.array(id('subnet')).refine(it => it.length > 0, { error: 'must name at least one subnet' }),
    services: z.array(z.strictObject({ name: z.string(), hosts: z.array(z.string()) })),
  }).optional();
}

export function pipelineSchema(z: typeof Zod) {
  const folder = (path: string) => z.string().regex(/^[^/\s\p{C}][^\s\p{C}]{0,1023}$/u, { error: "must be a path in the artifact store, without a '/' at the start" }).default(path);
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
  const at = `'${shown([section, ...issue.path].join('.'))}'`;
  const found = issue.path.reduce<any>((part, key) => part[key], value);
  if (issue.code === 'unrecognized_keys') {
    const fields = Object.keys(issue.path.reduce<any>((part, key) => part.shape[key].unwrap?.() ?? part.shape[key], schema).shape);
    const [key] = issue.keys;
    const hint = fields.length ? ` (allowed: ${fields.join(', ')}): did you mean '${nearest(key, fields)}'?` : ' (it has none)';
    return `'${shown([section, ...issue.path, key].join('.'))}' is not a field${of}${hint}`;
  }
  if (issue.code === 'invalid_type') return found === undefined ? `${at}${of} is missing: it must be ${expected(issue)}` : `${at} ${reason(issue, found)}`;
  if (issue.code === 'too_small') return `${at} must be at least ${issue.minimum}, ${got(found)}`;
  if (issue.code === 'too_big') return `${at} must be at most ${issue.maximum}, ${got(found)}`;
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    return `${at} must be one of ${values.join(', ')}, ${got(found)}: did you mean '${nearest(found, values)}'?`;
  }
  // What stands in place of a secret's name may be the secret.
  return issue.path.at(-1) === 'secret' ? `${at} ${issue.message}` : `${at} ${issue.message}, ${got(found)}`;
}

function mapping(what: string, value: unknown): { [field: string]: any } {
  if (Array.isArray(value) || !isPlain(value)) {
    throw new Error(`${what} must be a mapping of fields, ${got(value)}${typeof value === 'string' && what !== 'the file' ? `: did you mean { provider: ${shown(value)} }?` : ''}`);
  }
  return value as { [field: string]: any };
}

/** Nothing secret stands in a file that is committed: the value is not repeated. No field is named as what JavaScript makes objects of. */
function refuseFields(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [field, inner] of Object.entries(value)) {
    const at = shown(path ? `${path}.${field}` : field);
    if (field === '__proto__') throw new Error(`'${at}' must have another name, got '__proto__'`);
    if (CREDENTIAL.test(field) && typeof inner !== 'object') {
      throw new Error(`'${at}' must not stand in the file: put the value into AWS Secrets Manager and name it with 'secret' (and 'field', for one field of its JSON)`);
    }
    if (typeof inner === 'string' && /^https?:\/\/[^/\s]*:[^/\s]*@/.test(inner)) {
      throw new Error(`'${at}' must be a URL without a credential, got one with a user and password: name them with 'username' and 'secret'`);
    }
    refuseFields(inner, at);
  }
}
