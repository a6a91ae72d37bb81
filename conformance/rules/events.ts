import { IComponent } from '../../constructs/core';
import { Benches } from '../benches';
import { ConformanceCase } from '../contract';

/** What a target is told, whoever provides the component. */
export function eventRules<C extends IComponent>(benches: Benches<C>): ConformanceCase[] {
  return Object.keys(benches.contract.events).map(event => ({ name: `${event}: payload`, run: () => payload(benches, event) }));
}

function payload<C extends IComponent>(benches: Benches<C>, event: string) {
  const bench = benches.provider();
  const { EventPattern, Targets = [] } = bench.resources[`${bench.rules[event]}/Resource`].Properties;
  if (!EventPattern || !Object.keys(EventPattern).length) throw new Error(`'${event}' must be a rule with a pattern, got a rule without`);
  if (Targets.length !== 1) throw new Error(`'${event}' must tell its target, got ${Targets.length} targets`);
  const { InputTransformer: { InputTemplate } = { InputTemplate: '{}' } } = Targets[0];
  // A reference to the event stands in `<...>`, inside of a string or in place of a value.
  const told = Object.keys(JSON.parse(InputTemplate.replace(/<[\w-]+>/g, '0')));
  const wanted = benches.contract.events[event].payload;
  const missing = wanted.find(name => !told.includes(name));
  if (missing) throw new Error(`'${event}' must tell '${missing}' (${wanted.join(', ')}), got ${told.join(', ') || 'the provider\'s own event'}`);
}
