import { createHash } from 'crypto';
// eslint-disable-next-line @typescript-eslint/no-require-imports
import jsonata = require('jsonata');

/** The context object of an execution, as far as expressions of this library read it. */
export const CONTEXT = {
  Execution: {
    Id: 'arn:aws:states:us-east-1:000000000000:execution:loop:run-1', Name: 'run-1', Input: {} as any, StartTime: '2026-01-01T00:00:00.000Z',
  },
  StateMachine: { Id: 'arn:aws:states:us-east-1:000000000000:stateMachine:loop', Name: 'loop' },
  State: { Name: 'State', EnteredTime: '2026-01-01T00:00:00.000Z' },
};

/** The functions that Step Functions adds to JSONata. */
const FUNCTIONS: { [name: string]: (...values: any[]) => any } = {
  hash: (text: string, algorithm: string) => createHash(algorithm.replace('-', '').toLowerCase()).update(text).digest('hex'),
  parse: (text: string) => JSON.parse(text),
};

/**
 * What Step Functions makes of `value`, a string `{% ... %}` anywhere inside being JSONata. `variables` are bound by name;
 * `$states.context` is `CONTEXT`, unless `variables.states` is given. Like a state machine, it hands on plain JSON.
 */
export async function evaluate(value: any, variables: { [name: string]: any } = {}): Promise<any> {
  if (Array.isArray(value)) return Promise.all(value.map(item => evaluate(item, variables)));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([name, inner]) => [name, await evaluate(inner, variables)])));
  }
  const [, source] = typeof value === 'string' ? /^\{%([\s\S]*)%\}$/.exec(value) ?? [] : [];
  if (source === undefined) return value;
  const result = await compiled(source).evaluate(undefined, { states: { context: CONTEXT }, ...variables });
  return result === undefined ? undefined : JSON.parse(JSON.stringify(result));
}

/** Each expression is compiled once. */
const expressions = new Map<string, jsonata.Expression>();

function compiled(source: string): jsonata.Expression {
  const known = expressions.get(source);
  if (known) return known;
  const expression = jsonata(source);
  Object.entries(FUNCTIONS).forEach(([name, implementation]) => expression.registerFunction(name, implementation));
  expressions.set(source, expression);
  return expression;
}
