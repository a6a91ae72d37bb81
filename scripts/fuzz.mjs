// `npm run fuzz`: installs what is missing and puts every construct, and mlops.yaml, to random properties.
// `-- --seed N` tries others, `-- --runs N` more or fewer; names choose: `npm run fuzz -- model-trainer stack-file`.
import { parseArgs } from 'node:util';

import { buildHandlers, cache, installJudges, Refusal } from '../local/install.mjs';
import { command, install, run } from './command.mjs';

await command(async () => {
  const { seed, runs, names } = options();
  await install({ node: buildHandlers, python: installJudges });
  console.log(`fuzz     seed ${seed}, ${runs} runs of each`);
  return run(process.execPath, ['node_modules/jest/bin/jest.js', '--config', 'test/fuzz/jest.config.js', ...names], {
    // aws-cdk-lib's validator is called once a template by the tests themselves, not by each synth.
    ...process.env, CDK_VALIDATION: 'false', FUZZ_SEED: seed, FUZZ_RUNS: runs, MLOPS_LOCAL_CACHE: cache, JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: '1',
  });
});

function options() {
  const given = (() => {
    try {
      return parseArgs({ options: { seed: { type: 'string', default: '1' }, runs: { type: 'string', default: '200' } }, allowPositionals: true });
    } catch (error) {
      throw new Refusal(error.message);
    }
  })();
  for (const [name, value] of Object.entries(given.values)) {
    if (!/^-?\d{1,9}$/.test(value)) throw new Refusal(`'--${name}' must be a whole number of at most 9 digits, got '${value}'`);
  }
  return { ...given.values, names: given.positionals };
}
