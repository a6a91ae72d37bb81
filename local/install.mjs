// Installs what the local target and the tests need, on a fresh clone too: only Node itself and Python are asked for.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { inTurn } from './turns.mjs';

export const repository = resolve(import.meta.dirname, '..');
export const cache = resolve(process.env.MLOPS_LOCAL_CACHE || join(repository, '.local', 'cache'));
export const targetPython = join(cache, 'target', 'bin', 'python');

const requirements = join(repository, 'local', 'requirements');
const installer = join(cache, 'installer');
const uv = join(installer, 'bin', 'uv');

/** A failure that is told to the user in one line, with the log behind it where there is one. */
export class Refusal extends Error {
  constructor(message, log = null) {
    super(message);
    this.log = log;
  }
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Refusal(`Node must be 20.19 or newer, got ${process.versions.node}: install a newer Node and try again`);
  }
}

/** npm's packages, as package-lock.json pins them; npm writes its own copy of the lock when it is done. */
export async function installNodePackages(report) {
  const installed = join(repository, 'node_modules', '.package-lock.json');
  const lock = join(repository, 'package-lock.json');
  const isInstalled = () => existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
  await unless(isInstalled, installed, 'node packages', report, () => run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'npm-ci.log'));
}

/** The target's own Python environment, which also runs the command line and the tests. */
export async function installPython(report) {
  const [uvFile, targetFile, testFile] = ['uv', 'target', 'test'].map((name) => join(requirements, `${name}.txt`));
  await once(installer, [uvFile], 'uv', report, async () => {
    rmSync(installer, { recursive: true, force: true });
    await run(findPython(), ['-m', 'venv', installer], 'uv.log');
    await run(join(installer, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--no-input',
      '--disable-pip-version-check', '--require-hashes', '-r', uvFile], 'uv.log');
  });
  const folder = join(cache, 'target');
  await once(folder, [targetFile, testFile], 'python packages', report, async () => {
    await run(uv, ['venv', '--quiet', '--clear', '--python', findPython(), folder], 'target.log');
    await run(uv, ['pip', 'install', '--quiet', '--python', targetPython, '--require-hashes', '-r', targetFile, '-r',
      testFile], 'target.log');
  });
}

/** The judges of templates that are written in Python. */
export async function installJudges(report) {
  const folder = join(cache, 'judges');
  const file = join(requirements, 'judges.txt');
  await once(folder, [file], 'judges', report, async () => {
    await run(uv, ['venv', '--quiet', '--clear', '--python', findPython(), folder], 'judges.log');
    await run(uv, ['pip', 'install', '--quiet', '--python', join(folder, 'bin', 'python'), '--require-hashes', '-r', file],
      'judges.log');
  });
}

/** The environments that jobs and MLflow servers run in; the target would make them when it first needs them. */
export async function installRuntimes(report) {
  const [scikitLearn, mlflow] = ['scikit-learn', 'mlflow'].map((name) => join(requirements, `${name}.txt`));
  await once(join(cache, 'environments'), [scikitLearn, mlflow], 'scikit-learn, mlflow', report, async () => {
    await run(targetPython, ['-m', 'mlops_local.processes.environments', 'scikit-learn', 'mlflow'], 'runtimes.log',
      { env: { ...process.env, PYTHONPATH: join(repository, 'local'), MLOPS_LOCAL_CACHE: cache } });
  });
}

/** An environment for each vendor's server that has a list of its own in requirements/vendors, and the programs that are built. */
export async function installVendors(names, report) {
  await installRuntimes(report);
  for (const name of names) {
    const file = join(requirements, 'vendors', `${name}.txt`);
    if (existsSync(file)) {
      await once(join(cache, 'vendors', name), [file], name, report, async () => {
        await run(targetPython, ['-m', 'mlops_local.processes.environments', `vendors/${name}`], `${name}.log`,
          { env: { ...process.env, PYTHONPATH: join(repository, 'local'), MLOPS_LOCAL_CACHE: cache } });
        mkdirSync(join(cache, 'vendors', name), { recursive: true });
      });
    }
    for (const program of programs(name)) await buildProgram(name, program, report);
  }
}

/** The servers that are written in Go: a folder with the `go.mod` of each in requirements/vendors/<vendor>. */
function programs(vendor) {
  const folder = join(requirements, 'vendors', vendor);
  return existsSync(folder) ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'go.mod'))).sort() : [];
}

/** Builds the one tool of a `go.mod`, whose sums pin all that goes into it. */
async function buildProgram(vendor, program, report) {
  const folder = join(requirements, 'vendors', vendor, program);
  const files = ['go.mod', 'go.sum'].map((name) => join(folder, name));
  const built = join(cache, 'vendors', vendor, program);
  await once(built, files, program, report, async () => {
    checkGo(program);
    const module = readFileSync(files[0], 'utf8');
    const [, tool] = /^tool (\S+)$/m.exec(module);
    const [, version] = new RegExp(`^\\s*${tool.replace(/\/cmd\/.*/, '')} v(\\S+)`, 'm').exec(module);
    mkdirSync(built, { recursive: true });
    // As these programs' own releases are built, but for the clouds that Prometheus could find targets in.
    const flags = ['-tags', 'remove_all_sd', '-ldflags', `-X github.com/prometheus/common/version.Version=${version}`];
    await run('go', ['-C', folder, 'install', '-mod=readonly', ...flags, tool], `${program}.log`, { env: { ...process.env, GOBIN: built, GOFLAGS: '', CGO_ENABLED: '0' } });
  });
}

/** The package's Lambda handlers, which a synthesis finds prebuilt. */
export async function buildHandlers(report) {
  const script = join(repository, 'scripts', 'build-handlers.mjs');
  const sources = readdirSync(join(repository, 'constructs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /[\\/]handlers[\\/]/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name)).sort();
  const inputs = [script, join(repository, 'package-lock.json'), ...sources];
  await once(join(repository, 'dist', 'handlers'), inputs, 'handlers', report, async () => {
    await run(process.execPath, [script], 'handlers.log');
  });
}

/** Fills a folder unless these very files filled it before: an interrupted work leaves no stamp and is done again. */
async function once(folder, inputs, label, report, work) {
  const stamp = join(folder, '.mlops-stamp');
  const hash = createHash('sha256');
  for (const file of inputs) hash.update(readFileSync(file));
  const wanted = hash.digest('hex');
  await unless(() => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted, stamp, label, report, async () => {
    rmSync(stamp, { force: true });
    await work();
    writeFileSync(stamp, wanted);
  });
}

/** Does `work`, unless it is done, or another run has done it meanwhile. */
async function unless(isDone, name, label, report, work) {
  if (isDone()) return;
  await inTurn(name, async () => {
    if (!isDone()) await report(label, work);
  }, stopping.signal);
}

let python;

/** The interpreter that every environment is made with; a clear line when there is none. */
export function findPython() {
  python ??= ['python3', 'python3.13', 'python3.12', 'python3.11'].find(isSuitable);
  if (python === undefined) {
    const { stdout } = spawnSync('python3', ['--version'], { encoding: 'utf8' });
    const got = stdout?.trim() || 'none';
    throw new Refusal(`Python must be 3.11, 3.12 or 3.13 (as python3 or python3.<minor> on PATH), got ${got}`);
  }
  return python;
}

/** What builds the servers that no package brings. */
function checkGo(program) {
  const { stdout, error } = spawnSync('go', ['version'], { encoding: 'utf8' });
  const [, minor] = / go1\.(\d+)/.exec(stdout ?? '') ?? [];
  // From 1.21 on, Go fetches the Go that a go.mod asks for.
  if (error || !(minor >= 21)) throw new Refusal(`Go must be 1.21 or newer (as go on PATH) to build ${program}, got ${stdout?.trim() || 'none'}: install it, or name other vendors: npm run test:vendors -- NAME ...`);
}

function isSuitable(command) {
  const program = 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))';
  return spawnSync(command, ['-c', program], { stdio: 'ignore' }).status === 0;
}

const running = new Set();
const stopping = new AbortController();

/** Ends the programs that still install something, and the waiting for another run. */
export function stopInstalling(signal) {
  stopping.abort(new Refusal('ended while another run was installing: try again'));
  for (const child of running) child.kill(signal);
}

/** Runs a program to its end with its output in a log file; a failure names the log and quotes its last line. */
export function run(command, args, logName, options = {}) {
  const folder = join(cache, 'logs');
  mkdirSync(folder, { recursive: true });
  const log = join(folder, logName);
  return new Promise((done, fail) => {
    const env = { ...(options.env ?? process.env), UV_CACHE_DIR: join(cache, 'uv') };
    const child = spawn(command, args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'], env });
    running.add(child);
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => fail(new Refusal(`cannot run ${command}: ${error.message}`)));
    child.on('close', (code) => {
      running.delete(child);
      const text = Buffer.concat(output).toString();
      writeFileSync(log, text);
      if (code === 0) return done();
      const reason = text.trim().split('\n').findLast((line) => /error|no such|cannot|not found/i.test(line))
        ?? text.trim().split('\n').at(-1);
      fail(new Refusal(`${[command, ...args.slice(0, 2)].join(' ')} failed: ${reason}`, log));
    });
  });
}
