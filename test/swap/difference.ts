import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { definitionOf, render } from '../../conformance/template';

/** A component of a stack, and where the swap of its provider may show. */
export interface Swapped {
  /** The id of its construct; what its provider needs beside it has an id that starts so. */
  readonly id: string;
  /** Under which name it is published. */
  readonly published: string;
  /** The ids of its steps, in the pipelines that use it. */
  readonly steps?: string[];
  /** The ids of the steps that pass its environment on to a job. */
  readonly clients?: string[];
  /** The ids of the components that its provider is given: what it does to them, its client and its steps may do. */
  readonly given?: string[];
  /** What stands in the stack for this component alone, by path: without it, it goes too. */
  readonly followers?: string[];
  /** What the settings of either provider name: addresses, secrets. */
  readonly names?: string[];
}

/** The resources of a stack by their constructs' paths, rendered, and its outputs. */
export class Snapshot {
  public readonly resources: { [path: string]: any };
  public readonly outputs: { [name: string]: any };

  constructor(stack: Stack) {
    const { Resources, Outputs = {} } = Template.fromStack(stack).toJSON();
    this.outputs = Outputs;
    this.resources = Object.fromEntries(stack.node.findAll().filter(CfnResource.isCfnResource).map(({ node, logicalId }) => {
      const [, ...ids] = node.path.split('/');
      return [ids.join('/'), Resources[stack.resolve(logicalId)]];
    }));
  }

  public static of(make: (app: App) => Stack): Snapshot {
    return new Snapshot(make(new App({ analyticsReporting: false, context: { '@aws-cdk/aws-iam:minimizePolicies': true } })));
  }
}

/** Where two stacks differ that should not, as the design's bar for a swap has it; empty when the swap is confined. */
export function strays(before: Snapshot, after: Snapshot, swapped: Swapped): string[] {
  const { id, published, followers = [] } = swapped;
  const paths = [...new Set([...Object.keys(before.resources), ...Object.keys(after.resources)])];
  // A rule that it has asked a neighbour for has its name there.
  const own = new RegExp(`^(\\w+/)?${id}([A-Z][\\w-]*)?/`);
  const outputs = Object.keys({ ...before.outputs, ...after.outputs }).filter(name => !name.startsWith(id) && !same(before.outputs[name], after.outputs[name]));
  return outputs.map(name => `the output ${name} changes`).concat(paths.filter(path => !own.test(path)).flatMap(path => {
    const [one, other] = [before.resources[path], after.resources[path]];
    if (same(one, other)) return [];
    if (!other && [`Publish-${published}`, ...followers].some(it => path.startsWith(`${it}/`))) return [];
    if (!one || !other) return [`${path} is ${one ? 'gone' : 'new'}`];
    if (path === `Publish-${published}/Resource`) return same(without(one, 'Value'), without(other, 'Value')) ? [] : [`${path} changes in more than its value`];
    if (one.Type === 'AWS::IAM::Policy') {
      const called = [before, after].flatMap(({ resources }) => services(resources[path.replace('/Role/DefaultPolicy', '')], swapped));
      return policy(path, one, other, swapped, called);
    }
    if (one.Type === 'AWS::StepFunctions::StateMachine') return machine(path, one, other, swapped);
    return [`${path} changes`];
  }));
}

function policy(path: string, one: any, other: any, swapped: Swapped, called: string[]): string[] {
  if (!same(without(one, 'PolicyDocument'), without(other, 'PolicyDocument'))) return [`${path} changes in more than its statements`];
  const [before, after] = [permissions(one), permissions(other)];
  const moved = [...before.filter(it => !after.includes(it)), ...after.filter(it => !before.includes(it))];
  const belongs = [swapped.id, ...swapped.given ?? []].map(id => `<${id}`).concat(swapped.names ?? []);
  return moved.filter(it => !belongs.some(name => it.includes(name)) && !called.some(service => it.startsWith(`Allow ${service}:`))).map(it => `${path}: ${it}`);
}

/** What a policy allows, action by action and resource by resource. */
function permissions({ Properties }: any): string[] {
  return Properties.PolicyDocument.Statement.flatMap(({ Effect, Action, Resource, Condition }: any) => [Action].flat().flatMap(
    action => [Resource].flat().map(resource => [Effect, action, render(resource), ...Condition ? [JSON.stringify(render(Condition))] : []].join(' '))));
}

/** The services that the component's own steps in a state machine call. */
function services(machine: any, { steps = [] }: Swapped): string[] {
  if (machine?.Type !== 'AWS::StepFunctions::StateMachine') return [];
  const own = Object.entries(states(definitionOf(machine))).filter(([name]) => steps.includes(stepOf(name)));
  return own.flatMap(([, { Resource = '' }]) => {
    const [, service, waits] = /^arn:[^:]+:states:::(?:aws-sdk:)?(\w+):\w+(\.sync)?/.exec(render(Resource)) ?? [];
    if (service === 'http') return ['states', 'events', 'secretsmanager'];
    // Step Functions is told of the end by a rule.
    return service ? [service, ...waits ? ['events'] : []] : [];
  });
}

/** The step that a state is part of. */
function stepOf(state: string): string {
  return state.replace(/:.*/, '');
}

function machine(path: string, one: any, other: any, { steps = [], clients = [] }: Swapped): string[] {
  const rest = (it: any) => without(it, 'DefinitionString');
  if (!same(rest(one), rest(other))) return [`${path} changes in more than its definition`];
  const [before, after] = [one, other].map(it => states(definitionOf(it)));
  return Object.keys({ ...before, ...after }).filter(name => {
    const step = stepOf(name);
    if (steps.includes(step)) return false;
    const outline = clients.includes(step) ? (state: any) => state && withoutEnvironment(state) : (state: any) => state;
    return !same(outline(before[name]), outline(after[name]));
  }).map(name => `${path}: state '${name}'`);
}

/** Every state by its name, without those inside of it, which stand by themselves. */
function states(asl: any): { [name: string]: any } {
  const { States, ...rest } = asl;
  return Object.entries<any>(States).reduce((all, [name, { Branches = [], ...state }]) => ({
    ...all, [name]: state, ...Object.assign({}, ...Branches.map(states)),
  }), { '': rest });
}

function withoutEnvironment({ Arguments: { Environment: _, ...rest } = {} as any, ...state }: any): any {
  return { ...state, Arguments: rest };
}

function without({ Properties, ...attributes }: any, property: string): any {
  const { [property]: _, ...rest } = Properties;
  return { ...attributes, Properties: rest };
}

function same(one: any, other: any): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
