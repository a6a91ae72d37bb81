import { IComponent } from '../constructs/core';
import { Bench } from './bench';
import { Contract, Factory } from './contract';

/** The three stacks that a provider is judged by, each made when it is first asked for. */
export class Benches<C extends IComponent> {
  /** The provider, put to use. */
  public readonly provider = once(() => new Bench(this.contract, this.make));
  /** The provider, bound by no client. */
  public readonly unbound = once(() => new Bench(this.contract, this.make, false));
  /** The stand-in, put to the same use. */
  public readonly standIn = once(() => new Bench(this.contract, this.contract.standIn));

  constructor(public readonly contract: Contract<C>, private readonly make: Factory<C>) {}
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
