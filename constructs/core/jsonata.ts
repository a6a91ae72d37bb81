/** JSONata as Step Functions reads it: a string `{% ... %}` is an expression, any other value is itself. */
export class Jsonata {
  /** The source text that yields `value`, so that a value can stand inside a larger expression. */
  public static source(value: any): string {
    if (typeof value === 'string') {
      const expression = /^\{%([\s\S]*)%\}$/.exec(value);
      return expression ? `(${expression[1].trim()})` : JSON.stringify(value);
    }
    if (Array.isArray(value)) return `[${value.map(Jsonata.source).join(', ')}]`;
    if (value !== null && typeof value === 'object') {
      const fields = Object.entries(value).filter(([, field]) => field !== undefined);
      return `({${fields.map(([name, field]) => `${JSON.stringify(name)}: ${Jsonata.source(field)}`).join(', ')}})`;
    }
    return JSON.stringify(value);
  }

  /** One string made of `parts`; an expression when any of them is one. */
  public static join(...parts: string[]): string {
    return parts.some(part => part.startsWith('{%')) ? `{% ${parts.map(Jsonata.source).join(' & ')} %}` : parts.join('');
  }

  /** `values` by name; in those that are expressions, `$<name>` holds what `known` says. */
  public static within(known: { [name: string]: string }, values: { [name: string]: any }): { [name: string]: any } {
    const held = Object.entries(known).map(([name, value]) => `$${name} := ${Jsonata.source(value)}; `).join('');
    const isExpression = (value: any) => typeof value === 'string' && value.startsWith('{%');
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, isExpression(value) ? `{% (${held}${Jsonata.source(value)}) %}` : value]));
  }

  private constructor() {}
}
