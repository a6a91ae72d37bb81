import { IComponent } from '../../constructs/core';
import { Bench, OWN, STACK, stepId } from '../bench';
import { Benches } from '../benches';
import { ConformanceCase } from '../contract';
import { definitionOf } from '../template';

/** Where a swap may show outside of the provider: as this of the resource, and in nothing else of it. */
const SHOWS: { [path: string]: (properties: any, verbs: string[]) => any } = {
  // How the component is reached.
  [`${STACK}/Publication/Resource`]: ({ Value: _, ...rest }) => rest,
  // What its client, and the state machine for its steps, may do.
  [`${STACK}/Client/DefaultPolicy/Resource`]: ({ PolicyDocument: _, ...rest }) => rest,
  [`${STACK}/Machine/Role/DefaultPolicy/Resource`]: ({ PolicyDocument: _, ...rest }) => rest,
  // Its own steps.
  [`${STACK}/Machine/Resource`]: ({ DefinitionString, ...rest }, verbs) => ({ ...rest, definition: withoutSteps(DefinitionString, verbs) }),
};

/** Another provider in its place changes nothing but what is its own. */
export function swapRules<C extends IComponent>(benches: Benches<C>): ConformanceCase[] {
  return [{ name: 'swap: confined', run: () => confined(benches) }];
}

function confined<C extends IComponent>(benches: Benches<C>) {
  const [provider, standIn] = [benches.provider(), benches.standIn()];
  const rules = [provider, standIn].flatMap(bench => [...Object.values(bench.rules), ...bench.borrowed]);
  const verbs = Object.keys(benches.contract.verbs);
  const isOwn = (path: string) => [OWN, ...rules].some(own => path.startsWith(`${own}/`));
  const rest = (bench: Bench<C>, path: string) => {
    const { Properties, ...attributes } = bench.resources[path] ?? {};
    return JSON.stringify([attributes, SHOWS[path]?.(Properties, verbs) ?? Properties]);
  };
  const other = changed(provider, standIn).find(path => !isOwn(path) && rest(provider, path) !== rest(standIn, path));
  if (other) throw new Error(`'${other}' must be the same whoever provides the component, got ${explain(provider, standIn, other)}`);
}

/** The paths of the resources that are not the same in both. */
export function changed<C extends IComponent>(one: Bench<C>, other: Bench<C>): string[] {
  const paths = Object.keys({ ...one.resources, ...other.resources });
  return paths.filter(path => JSON.stringify(one.resources[path]) !== JSON.stringify(other.resources[path]));
}

/** A definition without the steps of `verbs`. */
function withoutSteps(DefinitionString: any, verbs: string[]): any {
  const asl = definitionOf({ Properties: { DefinitionString } });
  for (const id of verbs.map(stepId)) delete asl.States[id];
  return asl;
}

function explain<C extends IComponent>(provider: Bench<C>, standIn: Bench<C>, path: string): string {
  const [mine, theirs] = [provider.resources[path], standIn.resources[path]];
  if (!theirs) return `a new ${mine.Type} outside of the provider's own construct`;
  return mine ? `a change of this ${mine.Type}` : `this ${theirs.Type} taken away`;
}
