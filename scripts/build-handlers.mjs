// `npm run build:handlers`: bundles each constructs/<component>/handlers/<name>/index.ts into dist/handlers/<name>/index.js,
// where a synthesis finds it ready: no synthesis bundles anything. The same sources give the same bytes.
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const output = join(root, 'dist', 'handlers');
const constructs = join(root, 'constructs');

const handlers = readdirSync(constructs).flatMap((component) => {
  const folder = join(constructs, component, 'handlers');
  return existsSync(folder) ? readdirSync(folder).map((name) => ({ name, entry: join(folder, name, 'index.ts') })) : [];
});

await Promise.all(handlers.map(({ name, entry }) => build({
  absWorkingDir: root,
  entryPoints: [entry],
  outfile: join(output, name, 'index.js'),
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node22',
  // The SDK's ES modules can be shaken down to what a handler uses; its CommonJS cannot.
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'warning',
})));
