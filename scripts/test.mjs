// `npm test`: installs what is missing, runs every suite even when one fails, and closes with `N passed, N failed`.
// Arguments choose suites: `npm test -- jest`, `npm test -- python`, `npm test -- end-to-end`.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  buildHandlers, cache, checkNode, findPython, installNodePackages, installPython, installRuntimes, Refusal, repository,
  stopInstalling, targetPython,
} from '../local/install.mjs';

const reports = mkdtempSync(join(tmpdir(), 'mlops-tests-'));
const endToEnd = join('local', 'tests', 'e2e');
const suites = { jest, python: () => pytest('python', unitFolders(), [`--ignore=${endToEnd}`]), 'end-to-end': () => pytest('end-to-end', [endToEnd], []) };

let current;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    interrupted = true;
    stopInstalling(signal);
    current?.kill(signal);
  });
}

const wanted = process.argv.slice(2);
try {
  checkNode();
  findPython();
  const unknown = wanted.find((name) => suites[name] === undefined);
  if (unknown !== undefined) {
    throw new Refusal(`unknown suite '${unknown}': it must be one of ${Object.keys(suites).join(', ')}`);
  }
  await Promise.all([
    installNodePackages(report).then(() => buildHandlers(report)),
    installPython(report).then(() => installRuntimes(report)),
  ]);
  process.exitCode = await runSuites(wanted.length > 0 ? wanted : Object.keys(suites));
} catch (error) {
  stopInstalling('SIGTERM');
  if (!(error instanceof Refusal)) throw error;
  console.error(`error: ${error.message}${error.log ? ` (log: ${error.log})` : ''}`);
  process.exitCode = 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}

async function runSuites(names) {
  const total = { passed: 0, failed: 0 };
  for (const name of names) {
    if (interrupted) break;
    console.log(`\n== ${name}`);
    const { passed, failed, code } = await suites[name]();
    total.passed += passed;
    // A suite that could not even report, or failed outside of any test, counts as one failure.
    total.failed += failed === 0 && code !== 0 ? 1 : failed;
  }
  if (interrupted) return 130;
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function jest() {
  const file = join(reports, 'jest.json');
  const program = join(repository, 'node_modules', '.bin', 'jest');
  const code = await run(program, ['--ci', '--json', `--outputFile=${file}`], {
    CDK_VALIDATION: 'false', JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: '1',
  }, 'ignore');
  if (!existsSync(file)) return { passed: 0, failed: 0, code };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
  return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, code };
}

function unitFolders() {
  return [join('local', 'tests'), join('runtime', 'tests')].filter((folder) => existsSync(join(repository, folder)));
}

async function pytest(name, folders, options) {
  if (folders.every((folder) => !existsSync(join(repository, folder)))) return { passed: 0, failed: 0, code: 0 };
  const file = join(reports, `${name}.xml`);
  const arguments_ = ['-m', 'pytest', ...folders, ...options, `--junitxml=${file}`, '-q', '-rfE', '-p', 'no:cacheprovider',
    '--import-mode=importlib'];
  const code = await run(targetPython, arguments_, {
    PYTHONPATH: ['local', join('local', 'tests'), 'runtime'].map((folder) => join(repository, folder)).join(':'),
    PYTHONDONTWRITEBYTECODE: '1',
    MLOPS_LOCAL_CACHE: cache,
  });
  // pytest ends with 5 when it found no test.
  if (code === 5) return { passed: 0, failed: 0, code: 0 };
  if (!existsSync(file)) return { passed: 0, failed: 0, code };
  const count = (attribute) => Number(readFileSync(file, 'utf8').match(new RegExp(`<testsuite [^>]*\\b${attribute}="(\\d+)"`))?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return { passed: count('tests') - failed - count('skipped'), failed, code };
}

/** A suite never sees the developer's AWS settings. */
function run(command, args, variables, stdout = 'inherit') {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  mkdirSync(cache, { recursive: true });
  return new Promise((done) => {
    current = spawn(command, args, {
      cwd: repository, env: { ...Object.fromEntries(inherited), ...variables }, stdio: ['ignore', stdout, 'inherit'],
    });
    current.on('error', (error) => {
      console.error(`cannot run ${command}: ${error.message}`);
      done(1);
    });
    current.on('close', (code) => done(code ?? 1));
  });
}

async function report(label, work) {
  const started = performance.now();
  console.log(`install  ${label} ...`);
  await work();
  console.log(`install  ${label}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
