import { Construct } from 'constructs';
import type * as Zod from 'zod';

export type Z = typeof Zod;
type Shape = { [field: string]: Zod.ZodType };
/** The settings of one component, as the schema of its provider has checked them. */
export type Settings = { [field: string]: any };

/** One provider of one component. */
export interface Provider<Component, Context = undefined> {
  /** Its fields in the stack file, besides `provider`; docs/stack-file.md lists them. */
  fields(z: Z): Shape;
  /** The fields that the construct knows by another name: prop to field, for its messages. */
  readonly props?: { [prop: string]: string };
  create(scope: Construct, id: string, settings: Settings, context: Context): Component;
}

/** The providers of one component, by their name in the stack file; the first is the default. */
export interface Providers<Component, Context = undefined> {
  readonly [name: string]: Provider<Component, Context>;
}
