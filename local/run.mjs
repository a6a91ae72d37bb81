// What the npm scripts call: `node local/run.mjs <command>`. It installs what is missing and hands over to the
// Python command line (local/mlops_local/cli). It needs no package, so that it runs on a fresh clone.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import {
  buildHandlers, checkNode, findPython, installNodePackages, installPython, installRuntimes, Refusal, repository,
  stopInstalling, targetPython,
} from './install.mjs';

const deployedOptions = { stack: { type: 'string' }, aws: { type: 'boolean' } };
const upOptions = { json: { type: 'boolean' }, config: { type: 'string' }, example: { type: 'string' } };

/** Each command: the flags it takes, and what it does. */
const commands = {
  up: { options: upOptions, run: up },
  install: { options: {}, run: async () => (await installAll(), 0) },
  start: { options: {}, run: start },
  stop: { options: {}, run: () => withoutInstall('stop') },
  reset: { options: {}, run: () => withoutInstall('reset') },
  env: { options: {}, run: () => withoutInstall('env') },
  doctor: { options: deployedOptions, run: (flags) => ofDeployed('doctor', flags) },
  export: { run: exportStack },
  deploy: { run: deploy },
  faults: { run: faults },
};

const seconds = {};
let interrupted = false;
let current;

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    interrupted = true;
    stopInstalling(signal);
    current?.kill(signal);
  });
}

const [name, ...args] = process.argv.slice(2);
try {
  checkNode();
  const command = commands[name];
  if (command === undefined) {
    throw new Refusal(`unknown command '${name ?? ''}': it must be one of ${Object.keys(commands).join(', ')}`);
  }
  process.exitCode = await command.run(command.options ? readFlags(name, command.options, args) : args);
} catch (error) {
  stopInstalling('SIGTERM');
  if (!(error instanceof Refusal)) throw error;
  process.exitCode = refuse(error);
}

/** The whole loop on the local target: install, deploy, train, approve, serve. */
async function up(flags) {
  // npm runs scripts in the repository's folder, wherever the person stands.
  const config = flags.config && resolve(process.env.INIT_CWD ?? '.', flags.config);
  if (config !== undefined && !existsSync(config)) {
    throw new Refusal(`'--config' must name a file that exists, got '${flags.config}'`);
  }
  if (flags.example !== undefined && !examples().includes(flags.example)) {
    throw new Refusal(`'--example' must be one of ${examples().join(', ') || '(none yet)'}, got '${flags.example}'`);
  }
  if (flags.example !== undefined && flags.config !== undefined) {
    throw new Refusal(`'--config' and '--example' exclude each other: an example brings its own stack`);
  }
  await installAll();
  const args = [];
  if (flags.json) args.push('--json');
  if (config !== undefined) args.push('--config', config);
  if (flags.example !== undefined) args.push('--example', flags.example);
  return runPython('up', args);
}

/** The target finds the Lambda functions' own packages among npm's. */
async function start() {
  findPython();
  await Promise.all([installNodePackages(report), installPython(report)]);
  return runPython('start', []);
}

/** Stopping and asking never install: what is not there cannot run. */
async function withoutInstall(command) {
  if (!existsSync(targetPython)) {
    if (command === 'env') throw new Refusal('the local target is not running: start it with `npm run local:start`');
    console.error('local AWS: nothing is installed, so nothing runs');
    return 0;
  }
  return runPython(command, []);
}

/** A command about the stacks that are deployed. */
async function ofDeployed(command, flags, ...positional) {
  findPython();
  await installPython(report);
  return runPython(command, [...positional, ...flags.stack === undefined ? [] : ['--stack', flags.stack], ...flags.aws ? ['--aws'] : []]);
}

/** A deployed stack in the shape that another ecosystem takes. */
function exportStack([format, ...args]) {
  const formats = ['env', 'servicebinding', 'zenml'];
  if (!formats.includes(format)) throw new Refusal(`the format must be one of ${formats.join(', ')}, got '${format ?? ''}'`);
  return ofDeployed('export', readFlags('export', deployedOptions, args), format);
}

/** The same stack to AWS, with the caller's own credentials. */
async function deploy(args) {
  await installNodePackages(report);
  await buildHandlers(report);
  return handOver(join(repository, 'node_modules', '.bin', 'cdk'), ['deploy', ...args], process.env);
}

/** The fault matrix, on a target of its own. */
async function faults(args) {
  await installAll();
  return runModule(['faults', ...args]);
}

async function installAll() {
  findPython();
  const node = async () => {
    await installNodePackages(report);
    await buildHandlers(report);
  };
  const python = async () => {
    await installPython(report);
    await installRuntimes(report);
  };
  await Promise.all([node(), python()]);
}

function runPython(command, args) {
  return runModule(['mlops_local.cli', command, ...args]);
}

function runModule(args) {
  return handOver(targetPython, ['-m', ...args], {
    ...process.env,
    PYTHONPATH: join(repository, 'local'),
    PYTHONUNBUFFERED: '1',
    MLOPS_LOCAL_INSTALL_SECONDS: JSON.stringify(seconds),
  });
}

function handOver(command, args, env) {
  return new Promise((done, fail) => {
    current = spawn(command, args, { cwd: repository, env, stdio: 'inherit' });
    current.on('error', (error) => fail(new Refusal(`cannot run ${command}: ${error.message}`)));
    current.on('close', (code, signal) => done(signal ? 130 : code));
  });
}

function readFlags(command, options, args) {
  try {
    return parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    const allowed = Object.keys(options).map((option) => `--${option}`).join(', ') || 'none';
    throw new Refusal(`${error.message.split('. ')[0]} (allowed for '${command}': ${allowed})`);
  }
}

function examples() {
  const folder = join(repository, 'examples');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((entry) => existsSync(join(folder, entry, 'app.ts'))).sort();
}

async function report(label, work) {
  const started = performance.now();
  console.error(`install  ${label} ...`);
  await work();
  seconds[label] = Math.round((performance.now() - started) / 100) / 10;
  console.error(`install  ${label}: ${seconds[label].toFixed(1)} s`);
}

function refuse(error) {
  const message = interrupted ? 'interrupted while installing: run it again to continue' : error.message;
  console.error(`error: ${message}${error.log ? ` (log: ${error.log})` : ''}`);
  if (args.includes('--json')) {
    const failure = { step: 'install', error: 'Mlops.Failed', cause: message, log: error.log ?? null };
    console.log(JSON.stringify({
      stack: null, components: {}, trainingJob: null, modelVersion: null, endpoint: null, heldOut: null,
      prediction: null, seconds, error: failure,
    }));
  }
  return interrupted ? 130 : 1;
}
