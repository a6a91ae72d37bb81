import { PROVIDERS } from './providers';

describe.each(Object.entries(PROVIDERS))('%s', (_provider, cases) => {
  test.each(cases)('$name', ({ run }) => run());
});
