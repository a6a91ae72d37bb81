import { Duration, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type * as Zod from 'zod';
import { Jsonata } from './jsonata';

/** Props by name, each with its schema. */
export type Schemas = { [name: string]: Zod.ZodType };

/**
 * Refuses bad props with one line: the first issue of the first bad field. A field that is not set is accepted, unless it is
 * among `required`. zod is loaded on first use, so that importing the library stays fast.
 * @throws Error `'field' must ..., got '...'`
 */
export function check(props: object, schemas: (z: typeof Zod) => Schemas, ...required: string[]): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const z: typeof Zod = require('zod');
  if (typeof props !== 'object' || props === null) throw new Error(`'props' must be an object of properties, ${got(props)}`);
  const values = props as { [name: string]: unknown };
  for (const [name, schema] of Object.entries(schemas(z))) {
    const value = values[name];
    if (value === undefined && !required.includes(name)) continue;
    const { error } = schema.safeParse(value);
    if (error) {
      const [issue] = error.issues;
      throw new Error(`'${shown([name, ...issue.path].join('.'))}' ${reason(issue, issue.path.reduce<any>((part, key) => part?.[key], value))}`);
    }
    refuseSubstitution(name, value);
  }
}

/** CloudFormation replaces `${Name}` in Fn::Sub alone, and refuses or keeps it elsewhere: whoever wrote it expects more. */
function refuseSubstitution(at: string, value: unknown, depth: number = 0): void {
  if (typeof value === 'string' && !Token.isUnresolved(value) && /\$\{[\w:.]+\}/.test(value)) {
    throw new Error(`'${shown(at)}' must hold no \${...}, which nothing replaces here, ${got(value)}: put a token in its place, such as Aws.REGION`);
  }
  if (!isPlain(value) || depth > 100) return;
  for (const [name, inner] of Object.entries(value as object)) {
    refuseSubstitution(`${at}.${name}`, name);
    refuseSubstitution(`${at}.${name}`, inner, depth + 1);
  }
}

/** What a schema's own types are called. */
const TYPES: { [type: string]: string } = { record: 'a mapping', object: 'a mapping', array: 'a list' };

/** What is allowed in place of another type. */
export function expected({ expected: type }: Zod.core.$ZodIssueInvalidType): string {
  return TYPES[type] ?? `a ${type}`;
}

/** Why `value` is refused: what is allowed, and what it is. */
export function reason(issue: Zod.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_type') return `must be ${expected(issue)}, ${got(value)}`;
  // About the key of a record, zod's own message says nothing.
  return issue.code === 'invalid_key' ? issue.issues[0].message : issue.message;
}

/** The part of a message that says what was got: one line of at most some 200 characters. */
export function got(value: unknown): string {
  return `got ${described(value)}`;
}

/** `value` as a message shows it. */
function described(value: unknown): string {
  if (Token.isUnresolved(value) || typeof value === 'string' && value.includes('#{Token[')) return 'a value that only the deployment knows';
  if (typeof value === 'string') return `'${shown(value)}'`;
  if (Construct.isConstruct(value)) return `'${value.node.path}'`;
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (!isPlain(value)) return `${/^[AEIO]/.test(value.constructor?.name) ? 'an' : 'a'} ${value.constructor?.name}`;
  try {
    return shown(JSON.stringify(value));
  } catch {
    return `a${Array.isArray(value) ? ' list' : 'n object'} that JSON cannot hold`;
  }
}

/** `text` in one line, cut, and without the user and password of a URL: no control character, none that turns the line around, no half of a pair. */
export function shown(text: string): string {
  const line = text.replace(/:\/\/[^/\s@]*@/g, '://***@').slice(0, 200).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, character => `\\u{${character.codePointAt(0)!.toString(16)}}`);
  return text.length > 200 ? `${line}...` : line;
}

/** A schema of what `allowed` says in words; `accepts` decides. */
export function mustBe<T>(z: typeof Zod, allowed: string, accepts: (value: any) => boolean, hint: (value: unknown) => string = () => ''): Zod.ZodType<T, T> {
  return z.custom<T>(accepts, { error: issue => `must be ${allowed}, ${got(issue.input)}${hint(issue.input)}` });
}

/** What only the deployment knows, in place of a `type`. */
function deferred(type: 'string' | 'number', value: unknown): boolean {
  return typeof value === type && Token.isUnresolved(value);
}

/** A number from `minimum` to `maximum`. */
export function number(z: typeof Zod, minimum: number, maximum: number): Zod.ZodType {
  return mustBe(z, `a number from ${minimum} to ${maximum}`, it => deferred('number', it) || typeof it === 'number' && it >= minimum && it <= maximum);
}

/** An integer from `minimum` to `maximum`. */
export function integer(z: typeof Zod, minimum: number, maximum: number): Zod.ZodType {
  return mustBe(z, `a whole number from ${minimum} to ${maximum}`, it => deferred('number', it) || Number.isInteger(it) && it >= minimum && it <= maximum);
}

/** A string that matches `pattern`, which `allowed` says in words. */
export function text(z: typeof Zod, pattern: RegExp, allowed: string): Zod.ZodType<string, string> {
  return mustBe(z, allowed, it => deferred('string', it) || typeof it === 'string' && pattern.test(it));
}

/** As `text`, or JSONata, which only a run works out. */
export function textOrJsonata(z: typeof Zod, pattern: RegExp, allowed: string): Zod.ZodType<string, string> {
  return mustBe(z, allowed, it => deferred('string', it) || Jsonata.isExpression(it) || typeof it === 'string' && pattern.test(it));
}

/** What a value that may be JSONata is checked for, in a pattern and in words. */
export const FILLED = [/^[^\0]+$/, 'a text that is not empty'] as const;

/** A string that matches `pattern` and is known at synth, since it names or selects something there. */
export function fixed(z: typeof Zod, pattern: RegExp, allowed: string): Zod.ZodType<string, string> {
  return mustBe(z, allowed, it => typeof it === 'string' && !Token.isUnresolved(it) && pattern.test(it));
}

/** One of `values`; the message names the nearest. */
export function oneOf(z: typeof Zod, values: readonly string[], what: string): Zod.ZodType {
  const hint = (it: unknown) => typeof it === 'string' && !Token.isUnresolved(it) ? `: did you mean '${nearest(it, values)}'?` : '';
  return mustBe(z, what, it => deferred('string', it) || values.includes(it), hint);
}

/**
 * `https://`, or `http://` on the same machine, where the local AWS target is; after the host a path at most. Policies hold the
 * address, so that it has nothing that IAM reads as a pattern or a variable.
 */
const ADDRESS = /^(https:\/\/[A-Za-z0-9.:[\]-]+|http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?)(\/[\w.~!&'()+,;=:@%/-]*)?$/;

/** It stands in policies and in variables, which are bounded. */
const LONGEST = 1024;

/** The address of an external service. */
export function address(z: typeof Zod): Zod.ZodType<string, string> {
  return mustBe<string>(z, 'an https:// URL without credentials, query or fragment (http:// only for loopback addresses)',
    it => typeof it === 'string' && (Token.isUnresolved(it) || it.length <= LONGEST && ADDRESS.test(it) && URL.canParse(it)),
    it => typeof it === 'string' && it.length > LONGEST ? `: at most ${LONGEST} characters` : '');
}

/** True or false. */
export function flag(z: typeof Zod): Zod.ZodType {
  return mustBe(z, 'true or false', it => typeof it === 'boolean');
}

/** A length of time in whole `unit`s, from `minimum` to `maximum` of them. */
export function duration(z: typeof Zod, unit: 'days' | 'minutes' | 'seconds' | 'milliseconds', minimum: number, maximum: number): Zod.ZodType<Duration> {
  const known = (it: any) => typeof it?.toSeconds === 'function' && !it.isUnresolved();
  const count = (it: Duration) => ({ days: it.toDays, minutes: it.toMinutes, seconds: it.toSeconds, milliseconds: it.toMilliseconds })[unit].call(it, { integral: false });
  return z.custom<Duration>(it => known(it) && Number.isInteger(count(it as Duration)) && count(it as Duration) >= minimum && count(it as Duration) <= maximum, {
    error: ({ input }) => `must be a Duration of ${minimum} to ${maximum} whole ${unit}, ${known(input) ? `got ${count(input as Duration)} ${unit}` : got(input)}`,
  });
}

/** JSONata, `{% ... %}`, that its parser can read. */
export function expression(z: typeof Zod): Zod.ZodType<string, string> {
  return mustBe(z, 'JSONata, {% ... %}', it => deferred('string', it) || Jsonata.isExpression(it) && !faultOf(it), faultAfter);
}

/** JSON, in which every `{% ... %}` is JSONata that its parser can read. */
export function filledJson(z: typeof Zod): Zod.ZodType {
  return mustBe(z, 'JSON, with JSONata in {% ... %}', it => isJson(it) && !faultOf(it), faultAfter);
}

const faultAfter = (it: unknown) => isJson(it) && faultOf(it) ? `: ${shown(faultOf(it)!)}` : '';

/** What the parser of JSONata, which is loaded on first use, has against an expression in `it`. */
function faultOf(it: unknown): string | undefined {
  if (Token.isUnresolved(it)) return undefined;
  if (!Jsonata.isExpression(it)) return isPlain(it) ? Object.values(it as object).map(faultOf).find(fault => fault !== undefined) : undefined;
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const jsonata: (source: string) => unknown = require('jsonata');
  try {
    jsonata((it as string).slice(2, -2));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What JSON holds, with what only the deployment knows anywhere in it. */
export function json(z: typeof Zod): Zod.ZodType {
  return mustBe(z, 'JSON', it => isJson(it));
}

/** What Step Functions sets itself, and where a credential stands. */
const OWN_HEADERS = new RegExp(`^(${[
  'a-im', 'accept-charset', 'accept-datetime', 'accept-encoding', 'authorization', 'cache-control', 'connection', 'content-encoding', 'content-length', 'content-md5', 'date', 'expect', 'forwarded',
  'from', 'host', 'http2-settings', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'max-forwards', 'origin', 'pragma', 'proxy-authorization', 'range', 'referer',
  'server', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'user-agent', 'via', 'warning', 'x-forwarded-.*', 'x-amz-.*', 'x-amzn-.*',
].join('|')})$`, 'i');

/**
 * Headers of a request, by name; a value may be JSONata.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
 */
export function headers(z: typeof Zod): Zod.ZodType {
  const name = mustBe<string>(z, 'the name of a header, of letters, digits, - and _, that Step Functions does not set itself', it => typeof it === 'string' && /^[\w-]{1,512}$/.test(it) && !OWN_HEADERS.test(it));
  return z.record(name, textOrJsonata(z, /^[ -~]*$/, 'a text of ASCII, or JSONata'));
}

/** As `json`, by name. */
export function mapping(z: typeof Zod): Zod.ZodType {
  return mustBe(z, 'a mapping of names to JSON', it => isPlain(it) && !Array.isArray(it) && isJson(it));
}

/** Whether JSON holds `it`. @param deferred whether what only the deployment knows may be in it */
export function isJson(it: any, deferred: boolean = true, above: unknown[] = []): boolean {
  if (Token.isUnresolved(it)) return deferred;
  if (it === null || ['string', 'boolean', 'undefined'].includes(typeof it)) return true;
  if (typeof it === 'number') return Number.isFinite(it);
  if (!isPlain(it) || above.includes(it) || above.length > 100) return false;
  return Object.values(it).every(inner => isJson(inner, deferred, [...above, it]));
}

/** Whether `it` is a list, or a mapping that is of no class. */
export function isPlain(it: unknown): boolean {
  return Array.isArray(it) || typeof it === 'object' && it !== null && [Object.prototype, null].includes(Object.getPrototypeOf(it));
}

/** Something with all of `members`, which `what` says in words. */
export function like(z: typeof Zod, what: string, ...members: string[]): Zod.ZodType {
  return mustBe(z, what, it => typeof it === 'object' && it !== null && members.every(member => member in it));
}

/** The one of `values` that takes the fewest edits from `value`. */
export function nearest(value: unknown, values: readonly string[]): string {
  const given = typeof value === 'string' ? value.slice(0, 100) : described(value);
  return values.map(candidate => ({ candidate, edits: distance(given, candidate) })).sort((a, b) => a.edits - b.edits)[0]?.candidate;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    row = row.reduce<number[]>((next, above, j) => {
      next.push(j === 0 ? i + 1 : Math.min(above + 1, next[j - 1] + 1, row[j - 1] + (letter === b[j - 1] ? 0 : 1)));
      return next;
    }, []);
  }
  return row[b.length];
}
