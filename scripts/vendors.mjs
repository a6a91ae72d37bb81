// `npm run test:vendors`: starts the real servers of vendors, runs the providers against them, and writes docs/providers.md.
// Names choose vendors: `npm run test:vendors -- prefect`. Nothing is written unless all of them pass.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildHandlers, installVendors, Refusal, repository } from '../local/install.mjs';
import { command, install, interrupted, run } from './command.mjs';
import { pytest } from './pytest.mjs';

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
  const { passed, failed, skipped, code } = await pytest(names.map((name) => join(folder, name)), junit, [], { MLOPS_VENDOR_PROOFS: proofs });
  if (interrupted()) return 130;
  // What was skipped was not shown.
  const unproven = failed + skipped || (code === 0 ? 0 : 1);
  const written = unproven === 0 && passed > 0 ? await write(names) : 1;
  console.log(`\n${passed} passed, ${unproven} failed`);
  return written;
}

function write(names) {
  return run(process.execPath, ['-r', 'ts-node/register/transpile-only', 'test/vendors/main.ts', proofs, ...names], process.env);
}
