// `npm run fuzz`: installs what is missing and puts every construct, and mlops.yaml, to random properties.
// `-- --seed N` tries others, `-- --runs N` more or fewer; names choose: `npm run fuzz -- model-trainer stack-file`.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

import {
  buildHandlers, cache, checkNode, findPython, installJudges, installNodePackages, installPython, Refusal, repository, stopInstalling,
} from '../local/install.mjs';

let current;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stopInstalling(signal);
    current?.kill(signal);
  });
}

try {
  checkNode();
  const { seed, runs, names } = options();
  findPython();
  await Promise.all([
    installNodePackages(report).then(() => buildHandlers(report)),
    installPython(report).then(() => installJudges(report)),
  ]);
  console.log(`fuzz     seed ${seed}, ${runs} runs of each`);
  process.exitCode = await fuzz(seed, runs, names);
} catch (error) {
  stopInstalling('SIGTERM');
  if (!(error instanceof Refusal)) throw error;
  console.error(`error: ${error.message}${error.log ? ` (log: ${error.log})` : ''}`);
  process.exitCode = 1;
}

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

/** aws-cdk-lib's validator is called once a template by the tests themselves, not by each synth. */
function fuzz(seed, runs, names) {
  const variables = { CDK_VALIDATION: 'false', FUZZ_SEED: seed, FUZZ_RUNS: runs, MLOPS_LOCAL_CACHE: cache, JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: '1' };
  const args = ['node_modules/jest/bin/jest.js', '--config', 'test/fuzz/jest.config.js', ...names];
  return new Promise((done) => {
    current = spawn(process.execPath, args, { cwd: repository, env: { ...process.env, ...variables }, stdio: 'inherit' });
    current.on('error', (error) => {
      console.error(`error: ${error.message}`);
      done(1);
    });
    current.on('close', (code) => done(code ?? 130));
  });
}

async function report(label, work) {
  const started = performance.now();
  console.error(`install  ${label} ...`);
  await work();
  console.error(`install  ${label}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
