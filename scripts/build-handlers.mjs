/** Bundles every constructs/<component>/handlers/<verb>/index.ts into dist/handlers/<verb>/index.js, which the constructs deploy as it is. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const handlers = readdirSync(join(root, 'constructs'), { recursive: true }).filter(path => /handlers\/[^/]+\/index\.ts$/.test(path));

await Promise.all(handlers.map(path => build({
  entryPoints: [join(root, 'constructs', path)],
  outfile: join(root, 'dist', 'handlers', basename(dirname(path)), 'index.js'),
  absWorkingDir: root,
  bundle: true, minify: true, platform: 'node', target: 'node22', format: 'cjs',
  // The ES modules leave more out.
  mainFields: ['module', 'main'],
  legalComments: 'none', logLevel: 'silent',
}))).catch(({ errors }) => {
  for (const { text, location } of errors) console.error(`error: ${location?.file}:${location?.line}: ${text}`);
  process.exitCode = 1;
});
