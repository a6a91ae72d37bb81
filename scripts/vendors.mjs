// `npm run test:vendors`: starts the real servers of vendors, runs the providers against them, and writes docs/providers.md.
// Names choose vendors: `npm run test:vendors -- prefect`. Nothing is written unless all of them pass.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildHandlers, cache, installVendors, Refusal, repository, targetPython } from '../local/install.mjs';
import { command, install, interrupted, run } from './command.mjs';

const folder = join('local', 'tests', 'vendors');
const vendors = readdirSync(join(repository, folder), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_')).map((entry) => entry.name).sort();
const reports = mkdtempSync(join(tmpdir(), 'mlops-vendors-'));
const junit = join(reports, 'pytest.xml');
const proofs = join(reports, 'proofs.json');

try {
  await command(async () => {
    const wanted = process.argv.slice(2);
    const unknown = wanted.find((name) => !vendors.includes(name));
    if (unknown !== undefined) throw new Refusal(`unknown vendor '${unknown}': it must be one of ${vendors.join(', ')}`);
    const names = wanted.length > 0 ? wanted : vendors;
    await install({ node: buildHandlers, python: (report) => installVendors(names, report) });
    return test(names);
  });
} finally {
  rmSync(reports, { recursive: true, force: true });
}

async function test(names) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  const code = await run(targetPython, ['-m', 'pytest', ...names.map((name) => join(folder, name)), `--junitxml=${junit}`, '-q', '-rfE',
    '-p', 'no:cacheprovider', '--import-mode=importlib'], {
    ...Object.fromEntries(inherited),
    PYTHONPATH: ['local', join('local', 'tests'), 'runtime'].map((path) => join(repository, path)).join(':'),
    PYTHONDONTWRITEBYTECODE: '1', MLOPS_LOCAL_CACHE: cache, MLOPS_VENDOR_PROOFS: proofs,
  });
  if (interrupted()) return 130;
  const { passed, failed } = counts();
  const written = code === 0 && failed === 0 && passed > 0 ? await write(names) : 1;
  console.log(`\n${passed} passed, ${failed || (code === 0 ? 0 : 1)} failed`);
  return written;
}

function counts() {
  const report = existsSync(junit) ? readFileSync(junit, 'utf8') : '';
  const count = (attribute) => Number(report.match(new RegExp(`<testsuite [^>]*\\b${attribute}="(\\d+)"`))?.[1] ?? 0);
  // What was skipped was not shown.
  const failed = count('failures') + count('errors') + count('skipped');
  return { passed: count('tests') - failed, failed };
}

function write(names) {
  return run(process.execPath, ['-r', 'ts-node/register/transpile-only', 'test/vendors/main.ts', proofs, ...names], process.env);
}
