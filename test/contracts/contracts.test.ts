import { readFileSync } from 'fs';
import { join } from 'path';
import * as mlops from '../../lib';
import { PROVIDERS } from './providers';

describe.each(Object.entries(PROVIDERS))('%s', (_provider, cases) => {
  test.each(cases)('$name', ({ run }) => run());
});

test('every component of the library is in the table', () => {
  const table = readFileSync(join(__dirname, 'providers.ts'), 'utf8');
  const components = Object.entries<any>(mlops).filter(([, value]) => typeof value?.prototype?.bind === 'function' && typeof value.isConstruct === 'function');
  const judged = components.filter(([name]) => new RegExp(`mlops\\.${name}\\b`).test(table));
  // What others extend, and nobody uses by itself.
  const isBase = (value: any) => judged.some(([, other]) => value.prototype.isPrototypeOf(other.prototype));

  expect(judged.length).toBeGreaterThan(10);
  expect(components.filter(one => !judged.includes(one) && !isBase(one[1])).map(([name]) => name)).toEqual([]);
});
