/** The text in `field` of a secret that holds JSON. */
export function fieldOf(secret: string, field: string): string | undefined {
  try {
    const value = Object(JSON.parse(secret))[field];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `it` with `value` in place of `${name}`. */
export function filled<T>(it: T, name: string, value: string): T {
  if (typeof it === 'string') return it.replaceAll(`\${${name}}`, () => value) as T;
  if (typeof it !== 'object' || it === null) return it;
  return Array.isArray(it) ? it.map(inner => filled(inner, name, value)) as T : Object.fromEntries(Object.entries(it).map(([key, inner]) => [key, filled(inner, name, value)])) as T;
}
