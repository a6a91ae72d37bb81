// `npm run benchmark -- synth|training-job|invoke`: one of local/benchmarks, in the local target's own Python.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { repository, targetPython } from '../local/install.mjs';

const [name = ''] = process.argv.slice(2);
const names = ['synth', 'training-job', 'invoke'];
if (!names.includes(name)) {
  console.error(`error: 'benchmark' must be one of ${names.join(', ')}, got '${name}'`);
  process.exitCode = 1;
} else if (!existsSync(targetPython)) {
  console.error("error: the local target is not installed: run 'npm run local' first");
  process.exitCode = 1;
} else {
  const { status } = spawnSync(targetPython, ['-m', `benchmarks.${name.replace('-', '_')}`], {
    cwd: repository, stdio: 'inherit', env: { ...process.env, PYTHONPATH: join(repository, 'local') },
  });
  process.exitCode = status ?? 1;
}
