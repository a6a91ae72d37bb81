// Runs pytest in the target's own environment, and counts what it reports.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { cache, repository, targetPython } from '../local/install.mjs';
import { run } from './command.mjs';

/** A program that does not see the developer's AWS settings. */
export function runAlone(program, args, variables, stdout = 'inherit') {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  return run(program, args, { ...Object.fromEntries(inherited), ...variables }, ['ignore', stdout, 'inherit']);
}

/** Runs the tests in `folders`; `junit` is where the report goes. */
export async function pytest(folders, junit, options = [], variables = {}) {
  const code = await runAlone(targetPython, ['-m', 'pytest', ...folders, ...options, `--junitxml=${junit}`, '-q', '-rfE', '-p', 'no:cacheprovider',
    '--import-mode=importlib'], {
    PYTHONPATH: ['local', join('local', 'tests'), 'runtime'].map((folder) => join(repository, folder)).join(':'),
    PYTHONDONTWRITEBYTECODE: '1',
    MLOPS_LOCAL_CACHE: cache,
    ...variables,
  });
  const report = existsSync(junit) ? readFileSync(junit, 'utf8') : '';
  const count = (attribute) => Number(report.match(new RegExp(`<testsuite [^>]*\\b${attribute}="(\\d+)"`))?.[1] ?? 0);
  const [failed, skipped] = [count('failures') + count('errors'), count('skipped')];
  return { passed: count('tests') - failed - skipped, failed, skipped, code };
}
