import { Token } from 'aws-cdk-lib';

/** JSONata as Step Functions reads it: a string `{% ... %}` is an expression, any other value is itself. */
export class Jsonata {
  /** Whether `value` is an expression. */
  public static isExpression(value: any): boolean {
    return typeof value === 'string' && /^\{%[^]*%\}$/.test(value);
  }

  /** The source text that yields `value`, so that a value can stand inside a larger expression. */
  public static source(value: any): string {
    if (Jsonata.isExpression(value)) return `(${value.slice(2, -2).trim()})`;
    if (Array.isArray(value)) return `[${value.map(Jsonata.source).join(', ')}]`;
    if (value !== null && typeof value === 'object') {
      const fields = Object.entries(value).filter(([, field]) => field !== undefined);
      return `({${fields.map(([name, field]) => `${JSON.stringify(name)}: ${Jsonata.source(field)}`).join(', ')}})`;
    }
    return JSON.stringify(value);
  }

  /** One string made of `parts`; an expression when any of them is one. */
  public static join(...parts: string[]): string {
    return parts.some(Jsonata.isExpression) ? `{% ${parts.map(Jsonata.source).join(' & ')} %}` : parts.join('');
  }

  /** `values` by name; in each expression, however deep, `$<name>` holds what `known` says. */
  public static within(known: { [name: string]: any }, values: { [name: string]: any }): { [name: string]: any } {
    const held = Object.entries(known).map(([name, value]) => `$${name} := ${Jsonata.source(value)}; `).join('');
    const fill = (value: any): any => {
      if (Jsonata.isExpression(value)) return `{% (${held}${Jsonata.source(value)}) %}`;
      if (Array.isArray(value)) return value.map(fill);
      if (value === null || typeof value !== 'object' || Token.isUnresolved(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fill(inner)]));
    };
    return fill(values);
  }

  private constructor() {}
}
