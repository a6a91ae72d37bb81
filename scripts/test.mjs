// `npm test`: installs what is missing, runs every suite even when one fails, and closes with `N passed, N failed`.
// Arguments choose suites: `npm test -- jest`, `npm test -- python`, `npm test -- end-to-end`.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildHandlers, cache, installRuntimes, Refusal, repository } from '../local/install.mjs';
import { command, install, interrupted } from './command.mjs';
import { pytest as runPytest, runAlone } from './pytest.mjs';

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
  mkdirSync(cache, { recursive: true });
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
  const { passed, failed, code } = await runPytest(folders, join(reports, `${name}.xml`), options);
  // pytest ends with 5 when it found no test.
  return { passed, failed, code: code === 5 ? 0 : code };
}
