/** What each intrinsic function, by its name, makes of its argument; `of` is the value of what stands inside of the argument. */
export interface Intrinsics {
  readonly [name: string]: (argument: any, of: (inner: any) => any) => any;
}

/** `value` of a template with what `functions` make of each intrinsic function in it. */
export function evaluate(value: any, functions: Intrinsics): any {
  const of = (inner: any) => evaluate(inner, functions);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(of);
  const entries = Object.entries<any>(value);
  const [name, argument] = entries[0] ?? [];
  return entries.length === 1 && Object.hasOwn(functions, name) ? functions[name](argument, of) : Object.fromEntries(entries.map(([key, inner]) => [key, of(inner)]));
}

/** The logical id and the attribute that a `Fn::GetAtt` names. */
export function attribute(argument: string | string[]): [id: string, attribute: string] {
  const [id, name] = [argument].flat().join('.').split(/\.(.*)/s);
  return [id, name];
}

/** The text of a `Fn::Sub` with what `of` makes of each reference in it. */
export function substituted(argument: string | [string, ...unknown[]], of: (reference: any) => any): string {
  return ([argument].flat()[0] as string).replace(/\$\{([^}]+)\}/g, (_all: string, name: string) => of(name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name }));
}
