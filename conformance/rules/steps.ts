import { Duration } from 'aws-cdk-lib';
import { IComponent } from '../../constructs/core';
import { Bench, stepId } from '../bench';
import { Benches } from '../benches';
import { ConformanceCase, source, TIMEOUT, Verb } from '../contract';
import { states } from '../template';

/** A step in the state machine. */
interface Flow {
  readonly id: string;
  /** The states of the step, by name. */
  readonly states: { [name: string]: any };
  readonly tasks: [string, any][];
}

/** An HTTP Task, or the function in its place. */
const REQUEST = /:http:invoke$|^<|:function:/;

type Check<C extends IComponent> = (flow: Flow, verb: Verb<C>) => void;

/** What each verb's step does, whoever provides it. */
export function stepRules<C extends IComponent>(benches: Benches<C>): ConformanceCase[] {
  const checks: { [rule: string]: Check<C> } = { request, result, errors, deadline, retry };
  return Object.entries(benches.contract.verbs).flatMap(([name, verb]) => Object.entries(verb.keyed ? { ...checks, key } : checks)
    .map(([rule, check]) => ({ name: `${name}: ${rule}`, run: () => check(flow(benches.provider(), name), verb) })));
}

function flow<C extends IComponent>(bench: Bench<C>, verb: string): Flow {
  const id = stepId(verb);
  const step = bench.stepOf(verb);
  if (!step) throw new Error(`'${verb}' must return a step by the id that it was given, '${id}', got ${Object.keys(bench.asl.States).join(', ')}`);
  const inner = step.Type === 'Parallel' ? states({ States: { [id]: step } }) : {};
  return { id, states: inner, tasks: Object.entries(inner).filter(([, { Type }]) => Type === 'Task') };
}

function request<C extends IComponent>({ id, states: inner }: Flow, verb: Verb<C>) {
  const text = Object.values(inner).map(({ Arguments, Assign }) => JSON.stringify([Arguments, Assign])).join('');
  const missing = verb.request.find(option => !text.includes(source(option)));
  if (missing) throw new Error(`'${id}' must hand its '${missing}' to the provider, got none of it in its calls`);
}

function result<C extends IComponent>({ id, states: inner }: Flow, verb: Verb<C>) {
  const [[, parallel], ...rest] = Object.entries(inner);
  for (const [name, { End, Type, Output = {} }] of rest) {
    const missing = (End || Type === 'Succeed') && verb.result.find(field => !(field in Output));
    if (missing) throw new Error(`'${id}' must have '${missing}' in its result (${verb.result.join(', ')}), got ${Object.keys(Output).join(', ') || 'nothing'} from '${name}'`);
  }
  if (!(id in (parallel.Assign ?? {}))) throw new Error(`'${id}' must leave its result in the variable '$${id}'`);
}

function errors({ id, states: inner, tasks }: Flow) {
  for (const [name, { Error: error = '' }] of Object.entries(inner).filter(([, { Type }]) => Type === 'Fail')) {
    const names = /^\{%/.test(error) ? literals(error) : [error];
    const foreign = names.find(one => !/^Mlops\.(Throttled|Unauthorized|Timeout|Failed)$/.test(one));
    if (foreign !== undefined || !names.length) throw new Error(`'${id}' must fail with Mlops.Throttled, Unauthorized, Timeout or Failed, got '${foreign ?? error}' from '${name}'`);
  }
  const uncaught = tasks.find(([, { Catch = [] }]) => !Catch.some(({ ErrorEquals }: any) => ErrorEquals.includes('States.ALL')));
  if (uncaught) throw new Error(`'${id}' must catch every error of '${uncaught[0]}' (States.ALL), or the provider's own comes out of it`);
  for (const [name] of tasks.filter(([, { Resource, Assign }]) => REQUEST.test(Resource) && Object.values(Assign ?? {}).includes('{% $states.result %}'))) {
    const [variable] = Object.keys(inner[name].Assign);
    const reader = Object.entries(inner).find(([, { Type, Output }]) => Type === 'Pass' && JSON.stringify(Output ?? {}).includes(`$${variable}.`));
    if (reader) throw new Error(`'${id}' must take what it needs of the answer to '${name}' by the call's 'value', or an error page in its place comes out of '${reader[0]}' as an error of Step Functions`);
  }
}

/** The strings that an expression may yield: not what it compares with, and no pattern. */
function literals(expression: string): string[] {
  const yielded = expression.replace(/\/(\\.|[^/\\\n])+\//g, '').replace(/(=|\bin)\s*(\[[^\]]*\]|'[^']*'|"[^"]*")/g, '');
  return [...yielded.matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, single, double]) => single ?? double);
}

function deadline({ id, states: inner, tasks }: Flow) {
  const endless = tasks.find(([, { TimeoutSeconds }]) => TimeoutSeconds === undefined);
  if (endless) throw new Error(`'${id}' must have a deadline, got none ('TimeoutSeconds') for '${endless[0]}'`);
  const longest = Math.max(...Object.values(inner).flatMap(({ Assign }) => [...JSON.stringify(Assign ?? {}).matchAll(/\$millis\(\) \+ (\d+)/g)].map(([, milliseconds]) => Number(milliseconds))));
  // A provider may add what it waits for capacity.
  if (longest >= Duration.days(1).toMilliseconds()) throw new Error(`'${id}' must end within the timeout that it is given, ${TIMEOUT.toSeconds()} s, got a deadline after ${longest / 1000} s`);
  // Without the states that look at the clock nothing may lead back to where it was.
  const open = Object.entries(inner).filter(([, { Choices = [] }]) => !Choices.some(({ Condition }: any) => /\$millis\(\)/.test(Condition)));
  const next = Object.fromEntries(open.map(([name, state]) => [name, followers(state)]));
  const round = Object.keys(next).find(name => reaches(next, name));
  if (round) throw new Error(`'${id}' must have a deadline, got none for the repeats of '${round}'`);
}

function followers({ Next, Default, Choices = [], Catch = [] }: any): string[] {
  return [Next, Default, ...[...Choices, ...Catch].map(one => one.Next)].filter(name => name !== undefined);
}

/** Whether `start` leads back to itself. */
function reaches(next: { [name: string]: string[] }, start: string): boolean {
  const seen = new Set<string>();
  const queue = [...next[start]];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (name === start) return true;
    if (!seen.has(name)) queue.push(...next[name] ?? []);
    seen.add(name);
  }
  return false;
}

function retry({ id, tasks }: Flow) {
  const once = tasks.find(([, { Retry = [] }]) => !Retry.some(({ ErrorEquals = [], MaxAttempts = 3 }: any) => ErrorEquals.length && MaxAttempts > 0));
  if (once) throw new Error(`'${id}' must repeat '${once[0]}' after errors that pass by themselves, got no Retry for ${once[1].Resource}`);
}

function key({ id, tasks }: Flow) {
  if (!tasks.some(([, { Arguments }]) => /\$key\b/.test(JSON.stringify(Arguments)))) {
    throw new Error(`'${id}' must key its work by the run (Step.KEY or Step.TOKEN), or a retry starts it again`);
  }
}
