// What every npm script does alike: install what is missing, hand over to a program, pass signals on, and end with one clear line.
import { spawn } from 'node:child_process';

import { checkNode, findPython, installNodePackages, installPython, Refusal, repository, stopInstalling } from '../local/install.mjs';

let current;
let signalled = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    signalled = true;
    stopInstalling(signal);
    current?.kill(signal);
  });
}

/** Whether the person has asked to end. */
export const interrupted = () => signalled;

/** Runs `work`; what it answers is the exit code, and what it refuses is one line. */
export async function command(work) {
  try {
    checkNode();
    process.exitCode = await work();
  } catch (error) {
    stopInstalling('SIGTERM');
    if (!(error instanceof Refusal)) throw error;
    console.error(`error: ${error.message}${error.log ? ` (log: ${error.log})` : ''}`);
    process.exitCode = 1;
  }
}

/** Installs npm's packages and the local target, and what else goes on top of each: `node` and `python`. */
export async function install({ node, python }) {
  findPython();
  await Promise.all([
    installNodePackages(report).then(() => node(report)),
    installPython(report).then(() => python(report)),
  ]);
}

async function report(label, work) {
  const started = performance.now();
  console.error(`install  ${label} ...`);
  await work();
  console.error(`install  ${label}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** The exit code of a program in the repository's folder. */
export function run(program, args, env, stdio = 'inherit') {
  return new Promise((done) => {
    current = spawn(program, args, { cwd: repository, env, stdio });
    current.on('error', (error) => {
      console.error(`error: cannot run ${program}: ${error.message}`);
      done(1);
    });
    current.on('close', (code) => done(code ?? 130));
  });
}
