import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { apps, synthesize } from '../apps';
import { page } from './page';
import { Reasons } from './reasons';
import { refusedOf, refusedResourceStatement } from './refusals';
import { resourceStatementsOf, rolesOf } from './roles';

/** Where the page is. */
export const PAGE = resolve(__dirname, '../../docs/permissions.md');

/** What the roles of every app may do: as a page, and what is refused. */
export function permissions(): { page: string; refused: string[] } {
  const outdir = mkdtempSync(join(tmpdir(), 'permissions-'));
  try {
    const reasons = Reasons.listen();
    // The full stack comes first; of the others the page shows what they add to it.
    const names = apps().sort((a, b) => Number(b === 'mlops') - Number(a === 'mlops'));
    const all = names.flatMap(app => {
      const templates = synthesize(app, outdir);
      reasons.settle();
      return templates.map(template => ({ template, roles: rolesOf(template, reasons), statements: resourceStatementsOf(template) }));
    });
    const refused = all.flatMap(({ roles, statements }) => [...roles.flatMap(refusedOf), ...statements.flatMap(refusedResourceStatement)]);
    return { page: page(all), refused: [...new Set(refused)] };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
