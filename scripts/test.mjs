// `npm test`: installs what is missing, runs every suite even when one fails, and closes with `N passed, N failed`.
// Arguments choose suites: `npm test -- jest`, `npm test -- python`, `npm test -- end-to-end`.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildHandlers, cache, installRuntimes, Refusal, repository, targetPython } from '../local/install.mjs';
import { command, install, interrupted, run } from './command.mjs';

const reports = mkdtempSync(join(tmpdir(), 'mlops-tests-'));
const endToEnd = join('local', 'tests', 'e2e');
const vendors = join('local', 'tests', 'vendors');
const suites = { jest, python: () => pytest('python', unitFolders(), [endToEnd, vendors].map((folder) => `--ignore=${folder}`)), 'end-to-end': () => pytest('end-to-end', [endToEnd], []) };

const wanted = process.argv.slice(2);
try {
  await command(async () => {
    const unknown = wanted.find((name) => suites[name] === undefined);
    if (unknown !== undefined) {
      throw new Refusal(`unknown suite '${unknown}': it must be one of ${Object.keys(suites).join(', ')}`);
    }
    await install({ node: buildHandlers, python: installRuntimes });
    return runSuites(wanted.length > 0 ? wanted : Object.keys(suites));
  });
} finally {
  rmSync(reports, { recursive: true, force: true });
}

async function runSuites(names) {
  const total = { passed: 0, failed: 0 };
  for (const name of names) {
    if (interrupted()) break;
    console.log(`\n== ${name}`);
    const { passed, failed, code } = await suites[name]();
    total.passed += passed;
    // A suite that could not even report, or failed outside of any test, counts as one failure.
    total.failed += failed === 0 && code !== 0 ? 1 : failed;
  }
  if (interrupted()) return 130;
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function jest() {
  const file = join(reports, 'jest.json');
  const program = join(repository, 'node_modules', '.bin', 'jest');
  const code = await runAlone(program, ['--ci', '--json', `--outputFile=${file}`], {
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
  const code = await runAlone(targetPython, arguments_, {
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
function runAlone(program, args, variables, stdout = 'inherit') {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  mkdirSync(cache, { recursive: true });
  return run(program, args, { ...Object.fromEntries(inherited), ...variables }, ['ignore', stdout, 'inherit']);
}
