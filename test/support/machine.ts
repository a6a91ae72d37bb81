import { CONTEXT, evaluate } from './jsonata';

/** An error as Step Functions reports it. */
export interface Failure {
  readonly Error: string;
  readonly Cause?: string;
}

/** What answers the tasks of a machine: the result of one call, or an `error(...)`. */
export type Integration = (name: string, request: any, resource: string) => any;

/** How an execution has ended, and what it did. */
export interface Execution {
  readonly output?: any;
  readonly error?: Failure;
  /** The names of the tasks that were called, in order. */
  readonly calls: string[];
  /** The names of the states that were entered, in order. */
  readonly trace: string[];
}

/** Marks what is thrown for an error that a state may catch. */
const FAILURE = Symbol('failure');

/** To throw from an integration. */
export function error(name: string, cause?: string): unknown {
  return { [FAILURE]: { Error: name, ...cause !== undefined && { Cause: cause } } };
}

function failureOf(thrown: any): Failure | undefined {
  return thrown?.[FAILURE];
}

/**
 * Runs a definition as Step Functions does, as far as this library uses it: Pass, Task, Choice, Wait, Parallel, Succeed and
 * Fail with JSONata, Assign, Output, Retry and Catch. A wait moves the clock, which must be faked: `jest.useFakeTimers`.
 */
export async function execute(asl: any, integration: Integration, input: any = {}, name: string = CONTEXT.Execution.Name): Promise<Execution> {
  const run = { calls: [] as string[], trace: [] as string[] };
  const context = { ...CONTEXT, Execution: { ...CONTEXT.Execution, Name: name, Id: CONTEXT.Execution.Id.replace(/[^:]+$/, name), Input: input } };
  try {
    return { ...run, output: await new Machine(asl, integration, context, run).run(input, {}) };
  } catch (thrown) {
    const failure = failureOf(thrown);
    if (!failure) throw thrown;
    return { ...run, error: failure };
  }
}

class Machine {
  constructor(private readonly asl: any, private readonly integration: Integration, private readonly context: any, private readonly log: { calls: string[]; trace: string[] }) {}

  public async run(input: any, outer: { [name: string]: any }): Promise<any> {
    const scope = { ...outer };
    let [name, value] = [this.asl.StartAt, input];
    for (let steps = 0; steps < 1000; steps++) {
      this.log.trace.push(name);
      const state = this.asl.States[name];
      const { next, output } = await this.enter(name, state, value, scope);
      if (next === undefined) return output;
      [name, value] = [next, output];
    }
    throw new Error(`the machine does not end: ${this.log.trace.slice(-5).join(', ')}`);
  }

  private async enter(name: string, state: any, input: any, scope: any): Promise<{ next?: string; output: any }> {
    const ask = (expression: any, more: object = {}) => value(expression, { ...scope, states: { context: this.context, input, ...more } });
    const leave = async (step: any, more: object, otherwise: any) => {
      const output = step.Output === undefined ? otherwise : await ask(step.Output, more);
      const assigned = step.Assign === undefined ? {} : await ask(step.Assign, more);
      Object.assign(scope, assigned);
      return { next: step.Next, output };
    };
    if (state.Type === 'Fail') throw error(await ask(state.Error), await ask(state.Cause));
    if (state.Type === 'Choice') {
      for (const choice of state.Choices) {
        const holds = await ask(choice.Condition);
        if (typeof holds !== 'boolean') throw error('States.QueryEvaluationError', `${name}: ${choice.Condition} is ${holds}`);
        if (holds) return leave(choice, {}, input);
      }
      return { next: state.Default, output: input };
    }
    if (state.Type === 'Wait') jest.setSystemTime(Date.now() + 1000 * await ask(state.Seconds));
    if (state.Type !== 'Task' && state.Type !== 'Parallel') return leave(state, {}, input);
    for (let attempt = 0; ; attempt++) {
      try {
        const result = await this.work(name, state, input, scope, ask);
        return await leave(state, { result }, result);
      } catch (thrown) {
        const failure = failureOf(thrown);
        if (!failure) throw thrown;
        const matches = ({ ErrorEquals }: any) => ErrorEquals.some((one: string) => one === 'States.ALL' || one === failure.Error || one === 'States.TaskFailed' && state.Type === 'Task' && failure.Error !== 'States.Timeout');
        if (attempt < (state.Retry?.find(matches)?.MaxAttempts ?? 0)) continue;
        const handler = state.Catch?.find(matches);
        if (!handler) throw thrown;
        return leave(handler, { errorOutput: failure }, failure);
      }
    }
  }

  private async work(name: string, state: any, input: any, scope: any, ask: (expression: any) => Promise<any>): Promise<any> {
    if (state.Type === 'Parallel') {
      return Promise.all(state.Branches.map((branch: any) => new Machine(branch, this.integration, this.context, this.log).run(input, scope)));
    }
    const request = state.Arguments === undefined ? input : await ask(state.Arguments);
    const seconds = state.TimeoutSeconds === undefined ? 1 : await ask(state.TimeoutSeconds);
    if (!Number.isInteger(seconds) || seconds < 1) throw new Error(`'TimeoutSeconds' of '${name}' is ${seconds}`);
    this.log.calls.push(name);
    return this.integration(name, request, state.Resource);
  }
}

/** The value of an expression; one that throws or yields nothing is an error, as in Step Functions. */
async function value(expression: any, variables: { [name: string]: any }): Promise<any> {
  const result = await evaluate(expression, variables).catch(({ message }) => { throw error('States.QueryEvaluationError', message); });
  const empty = nothing(result, '');
  if (empty !== undefined) throw error('States.QueryEvaluationError', `nothing at '${empty}' of ${JSON.stringify(expression)}`);
  return result;
}

function nothing(result: any, path: string): string | undefined {
  if (result === undefined) return path;
  if (typeof result !== 'object' || result === null) return undefined;
  return Object.entries(result).map(([name, inner]) => nothing(inner, `${path}.${name}`)).find(found => found !== undefined);
}
