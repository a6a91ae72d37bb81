// `npm run mutation`: changes the checks one spot at a time and has their tests find each change. Fails below 90% found.
// Names choose: `npm run mutation -- stack-file`.
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';

const LOWEST = 90;
const repository = resolve(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(repository);

/** What is changed, by name, and the tests that must find it. */
const SUBJECTS = {
  validation: { mutate: ['constructs/core/validation.ts'], tests: ['test/core/validation.test.ts'] },
  endpoint: { mutate: ['constructs/core/auth.ts', 'constructs/core/external-endpoint.ts'], tests: ['test/core/external-endpoint.test.ts', 'test/core/endpoint-checks.test.ts'] },
  webhook: {
    mutate: ['constructs/core/webhook-signature.ts', 'constructs/core/handlers/mac.ts', 'constructs/webhook-ingress/handlers/webhook/receive.ts', 'constructs/webhook-ingress/handlers/webhook/signatures.ts'],
    tests: ['test/webhook-ingress/receive.test.ts', 'test/core/webhook-signature.test.ts'],
  },
  jobs: { mutate: ['constructs/model-trainer/https-jobs.ts', 'constructs/model-trainer/requirements.ts'], tests: ['test/model-trainer/https-model-trainer.test.ts', 'test/model-trainer/requirements.test.ts'] },
  retention: { mutate: ['constructs/core/retention.ts'], tests: ['test/core/core.test.ts'] },
  'stack-file': { mutate: ['lib/stack-file.ts'], tests: ['test/lib/stack-file.test.ts', 'test/lib/hostile-yaml.test.ts'] },
  catalogue: { mutate: ['lib/catalogue/fields.ts'], tests: ['test/lib/catalogue-fields.test.ts'] },
};

const names = process.argv.slice(2);
const unknown = names.find((name) => SUBJECTS[name] === undefined);
if (unknown !== undefined) {
  console.error(`error: unknown subject '${unknown}': it must be one of ${Object.keys(SUBJECTS).join(', ')}`);
  process.exit(1);
}

process.env.CDK_VALIDATION = 'false';
mkdirSync('.local', { recursive: true });
const total = { found: 0, all: 0 };
for (const name of names.length ? names : Object.keys(SUBJECTS)) {
  const { mutate, tests } = SUBJECTS[name];
  const results = await new Stryker({
    mutate,
    testRunner: 'jest',
    jest: { configFile: 'jest.config.js', config: { roots: ['<rootDir>/test'], testMatch: tests.map((test) => `<rootDir>/${test}`) }, enableFindRelatedTests: false },
    coverageAnalysis: 'perTest',
    ignorePatterns: ['.git', '.local', 'cdk.out', 'coverage', 'local', 'docs', 'examples/neptune-migration', 'dist/*', '!dist/handlers'],
    tempDirName: join('.local', 'mutation'),
    concurrency: 2,
    timeoutMS: 60_000,
    reporters: ['clear-text'],
    clearTextReporter: { allowColor: false, reportTests: false, reportScoreTable: true, skipFull: false },
    warnings: { slow: false },
    logLevel: 'warn',
    allowConsoleColors: false,
  }).runMutationTest();
  const counted = results.filter(({ status }) => !['Ignored', 'CompileError', 'RuntimeError'].includes(status));
  const found = counted.filter(({ status }) => ['Killed', 'Timeout'].includes(status)).length;
  total.found += found;
  total.all += counted.length;
  console.log(`${name}: ${found} of ${counted.length} changes found`);
}
const score = (100 * total.found) / total.all;
console.log(`\n${total.found} of ${total.all} changes found: ${score.toFixed(1)}% (at least ${LOWEST}%)`);
process.exitCode = score >= LOWEST ? 0 : 1;
