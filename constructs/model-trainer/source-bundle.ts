import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'fs';
import { tmpdir } from 'os';
import { basename, join, resolve } from 'path';
import * as assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { packageRoot } from '../core/package-root';

/** The program that runs the user's script. */
export const PROGRAM = 'mlops_train.py';

/** What Python, editors and version control leave in a folder. */
const LEFT_OUT = /^(__pycache__|\..*|.*\.pyc)$/;

/**
 * The user's source folder and our `runtime/` in one `.tar.gz`, as script mode takes it. The archive is made at synth,
 * without a process, and the same files give the same bytes.
 * @throws when the folder or the script is not there
 */
export function sourceBundle(scope: Construct, id: string, source: string, entry: string): assets.Asset {
  const folder = resolve(source);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new Error(`'source' must be a folder that exists, got '${source}', which is not there: ${folder}`);
  if (!existsSync(join(folder, entry))) {
    const scripts = readdirSync(folder).filter(name => name.endsWith('.py'));
    throw new Error(`'entry' must be a script in '${source}' (${scripts.join(', ') || 'it holds no .py file'}), got '${entry}'`);
  }
  const work = mkdtempSync(join(tmpdir(), 'mlops-source-'));
  try {
    for (const from of [folder, join(packageRoot(), 'runtime', PROGRAM), join(packageRoot(), 'runtime', 'mlops_runtime')]) {
      const to = from === folder ? join(work, 'source') : join(work, 'source', basename(from));
      cpSync(from, to, { recursive: true, filter: path => path === from || !LEFT_OUT.test(basename(path)) });
    }
    return new assets.Asset(scope, id, { path: archive(join(work, 'source'), join(work, 'sourcedir.tar.gz')) });
  } finally {
    rmSync(work, { recursive: true });
  }
}

function archive(folder: string, file: string): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const tar: typeof import('tar') = require('tar');
  tar.create({ sync: true, gzip: true, portable: true, mtime: new Date(0), cwd: folder, file }, readdirSync(folder).sort());
  return file;
}
