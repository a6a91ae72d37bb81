import { IComponent } from '../constructs/core';
import { Benches } from './benches';
import { ConformanceCase, Contract, Suite } from './contract';
import { bindingRules } from './rules/binding';
import { eventRules } from './rules/events';
import { grantRules } from './rules/grants';
import { stepRules } from './rules/steps';
import { swapRules } from './rules/swap';

/** The suite of `contract`. */
export function suite<C extends IComponent>(contract: Contract<C>): Suite<C> {
  return make => {
    const benches = new Benches(contract, make);
    const properties: ConformanceCase[] = Object.entries(contract.properties ?? {}).map(([name, check]) => ({ name, run: () => check(benches.provider().component) }));
    return [...bindingRules(benches), ...grantRules(benches), ...properties, ...stepRules(benches), ...eventRules(benches), ...swapRules(benches)];
  };
}
