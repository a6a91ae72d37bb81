import { Jsonata } from '../core';

/** `text`, which may be JSONata, in one line of at most `length` characters. */
export function oneLine(text: string, length: number): string {
  return `{% $substring($replace(${Jsonata.source(text)}, /[\\x00-\\x1F\\x7F]+/, ' '), 0, ${length}) %}`;
}

/** The first `length` characters of `text`, which may be JSONata. */
export function cut(text: string, length: number): string {
  return `{% $substring(${Jsonata.source(text)}, 0, ${length}) %}`;
}
