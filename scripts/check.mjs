// `npm run check`: installs the judges that are missing and hands over to check/main.ts, with its flags.
import { spawn } from 'node:child_process';

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
  findPython();
  await Promise.all([
    installNodePackages(report).then(() => buildHandlers(report)),
    installPython(report).then(() => installJudges(report)),
  ]);
  process.exitCode = await check(process.argv.slice(2));
} catch (error) {
  stopInstalling('SIGTERM');
  if (!(error instanceof Refusal)) throw error;
  console.error(`error: ${error.message}${error.log ? ` (log: ${error.log})` : ''}`);
  process.exitCode = 1;
}

function check(args) {
  const variables = { MLOPS_LOCAL_CACHE: cache, JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: '1' };
  return new Promise((done) => {
    current = spawn(process.execPath, ['-r', 'ts-node/register/transpile-only', 'check/main.ts', ...args], {
      cwd: repository, env: { ...process.env, ...variables }, stdio: 'inherit',
    });
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
