/**
 * `npm run check`: every judge over every template, or over those of the apps that are named. Exit code 1 on anything that is
 * not acknowledged. `--quick` takes the quick judges, and leaves the stacks with other providers out. `--faults` judges the
 * judges: each fault of `test/faults` must be caught; `--with <fault>` puts one into an example first.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { apps, synthesize } from './apps';
import { judgeFaults, seed } from './faults';
import { JUDGES } from './judges';
import { print, staleAcknowledgements } from './report';

/** The apps of these names. */
function named(names: string[]): string[] {
  const unknown = names.find(name => !apps().includes(name));
  if (unknown !== undefined) throw new Error(`an app to check must be one of ${apps().join(', ')}, got '${unknown}'`);
  return names;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: {
    quick: { type: 'boolean', default: false }, report: { type: 'string' }, faults: { type: 'boolean', default: false }, with: { type: 'string' },
  } });
  const outdir = mkdtempSync(join(tmpdir(), 'check-'));
  try {
    if (values.faults) return await judgeFaults(outdir) ? 0 : 1;
    const chosen = positionals.length ? named(positionals) : apps().filter(app => !values.quick || values.with || !app.startsWith('mlops/'));
    const all = chosen.flatMap(app => synthesize(app, outdir));
    const templates = values.with === undefined ? all : seed(all, values.with, outdir);
    const judges = JUDGES.filter(({ quick }) => quick || !values.quick);
    const found = await Promise.all(judges.map(async judge => ({ judge: judge.name, findings: await judge.judge(templates) })));
    const stale = values.quick || values.with || positionals.length ? [] : staleAcknowledgements(templates, found.flatMap(({ findings }) => findings));
    const report = print(templates, found, stale);
    if (values.report) writeFileSync(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
    return report.unacknowledged.length + stale.length ? 1 : 0;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

main().then(code => { process.exitCode = code; }, (error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
