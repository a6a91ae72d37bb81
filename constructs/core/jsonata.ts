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

  private constructor() {}
}
