import { Token } from 'aws-cdk-lib';
import type * as Zod from 'zod';

/** Props by name, each with its schema. */
export type Schemas = { [name: string]: Zod.ZodType };

/**
 * Refuses bad props with one line: the first issue of the first bad field. A CDK token, whose value is known only at
 * deploy, and a field that is not set are accepted. zod is loaded on first use, so that importing the library stays fast.
 * @throws Error `'field' must ..., got '...'`
 */
export function check(props: { [name: string]: any }, schemas: (z: typeof Zod) => Schemas): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const z: typeof Zod = require('zod');
  for (const [name, schema] of Object.entries(schemas(z))) {
    const value = props[name];
    if (value === undefined || holdsToken(value)) continue;
    const { error } = schema.safeParse(value);
    if (error) {
      const [issue] = error.issues;
      // About the key of a record, zod's own message says nothing.
      const { message } = issue.code === 'invalid_key' ? issue.issues[0] : issue;
      throw new Error(`'${[name, ...issue.path].join('.')}' ${message}`);
    }
  }
}

/** The part of a message that says what was got. */
export function got(value: unknown): string {
  return `got ${typeof value === 'string' ? `'${value}'` : JSON.stringify(value)}`;
}

/** An integer from `minimum` to `maximum`. */
export function integer(z: typeof Zod, minimum: number, maximum: number): Zod.ZodType {
  return z.custom(value => Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum,
    { error: issue => `must be a whole number from ${minimum} to ${maximum}, ${got(issue.input)}` });
}

/** A string that matches `pattern`, which `allowed` says in words. */
export function text(z: typeof Zod, pattern: RegExp, allowed: string): Zod.ZodType<string, string> {
  return z.custom<string>(value => typeof value === 'string' && pattern.test(value), { error: issue => `must be ${allowed}, ${got(issue.input)}` });
}

/** One of `values`; the message names the nearest. */
export function oneOf(z: typeof Zod, values: readonly string[], what: string): Zod.ZodType {
  return z.custom(value => values.includes(value as string), {
    error: issue => `must be ${what}, ${got(issue.input)}${typeof issue.input === 'string' ? `: did you mean '${nearest(issue.input, values)}'?` : ''}`,
  });
}

/** The one of `values` that takes the fewest edits from `value`. */
export function nearest(value: string, values: readonly string[]): string {
  return values.map(candidate => ({ candidate, edits: distance(value, candidate) })).sort((a, b) => a.edits - b.edits)[0]?.candidate;
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

function holdsToken(value: unknown): boolean {
  return Token.isUnresolved(value);
}
