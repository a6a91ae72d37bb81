import { Stack } from 'aws-cdk-lib';
import * as fc from 'fast-check';

/** A value that needs a stack to be made in; a counterexample shows what it is. */
export class Recipe {
  constructor(private readonly label: string, public readonly make: (stack: Stack, id: string) => unknown) {}

  public [fc.toStringMethod](): string {
    return `<${this.label}>`;
  }
}

/** A value that is made in the stack of the run. */
export function recipe(label: string, make: (stack: Stack, id: string) => unknown): fc.Arbitrary<any> {
  return fc.constant(new Recipe(label, make));
}

/** `value` with every recipe inside made in `stack`. */
export function prepare(value: unknown, stack: Stack): any {
  let count = 0;
  const walk = (inner: any): any => {
    if (inner?.constructor === Recipe) return inner.make(stack, `Fuzz${count++}`);
    if (Array.isArray(inner)) return inner.map(walk);
    if (inner === null || typeof inner !== 'object' || ![Object.prototype, null].includes(Object.getPrototypeOf(inner))) return inner;
    return Object.fromEntries(Object.entries(inner).map(([name, field]) => [name, walk(field)]));
  };
  return walk(value);
}
