import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';

/** The examples of READMEs, which `npm run lint` compiles; here each is held against its README, and synthesized. */
const components = readdirSync(__dirname).filter(name => !name.endsWith('.test.ts')).map(name => name.slice(0, -3));

test.each(components)('the examples of constructs/%s/README.md are compiled and synthesize', component => {
  const readme = join(__dirname, '..', '..', 'constructs', component, 'README.md');
  const compiled = readFileSync(join(__dirname, `${component}.ts`), 'utf8');
  const examples = [...readFileSync(readme, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, source]) => source);

  expect(examples.length).toBeGreaterThan(0);
  examples.forEach(example => expect(compiled).toContain(example));
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { stack }: { stack: Stack } = require(`./${component}`);
  expect(Object.keys(Template.fromStack(stack).toJSON().Resources).length).toBeGreaterThan(0);
});
