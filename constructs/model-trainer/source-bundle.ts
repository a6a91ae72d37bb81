import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join, normalize, resolve, sep } from 'path';
import * as assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { packageRoot } from '../core/package-root';
import { got, shown } from '../core/validation';

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
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new Error(`'source' must be a folder that exists, ${got(source)}, which is not there: ${shown(folder)}`);
  const sources = files(folder);
  if (!sources.includes(normalize(entry))) {
    const scripts = sources.filter(path => path.endsWith('.py') && !path.includes(sep));
    throw new Error(`'entry' must be a script in '${shown(source)}' (${shown(scripts.join(', ')) || 'it holds no .py file'}), ${got(entry)}`);
  }
  const runtime = join(packageRoot(), 'runtime');
  const work = mkdtempSync(join(tmpdir(), 'mlops-source-'));
  try {
    sources.forEach(path => copy(folder, path, join(work, 'source')));
    [PROGRAM, ...files(runtime, 'mlops_runtime')].forEach(path => copy(runtime, path, join(work, 'source')));
    return new assets.Asset(scope, id, { path: archive(join(work, 'source'), join(work, 'sourcedir.tar.gz')) });
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** The files below `folder`, links followed, in the same order everywhere. `above` are the real folders that lead here. */
function files(folder: string, below: string = '', above: string[] = []): string[] {
  const here = realpathSync(join(folder, below));
  if (above.includes(here)) throw new Error(`'source' must hold no link to a folder that it lies in, got '${shown(join(folder, below))}'`);
  return readdirSync(here).filter(name => !LEFT_OUT.test(name)).sort().flatMap(name => {
    const path = join(below, name);
    const entry = statSync(join(folder, path), { throwIfNoEntry: false });
    if (!entry?.isDirectory() && !entry?.isFile()) throw new Error(`'source' must hold files and folders alone, got '${shown(join(folder, path))}', which is ${entry ? 'neither' : 'a link to nothing'}`);
    return entry.isDirectory() ? files(folder, path, [...above, here]) : [path];
  });
}

/** Copies a file with the permissions that version control knows: the rest is the machine's. */
function copy(folder: string, path: string, to: string) {
  mkdirSync(dirname(join(to, path)), { recursive: true });
  copyFileSync(join(folder, path), join(to, path));
  chmodSync(join(to, path), statSync(join(folder, path)).mode & 0o100 ? 0o755 : 0o644);
}

function archive(folder: string, file: string): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const tar: typeof import('tar') = require('tar');
  tar.create({ sync: true, gzip: true, portable: true, mtime: new Date(0), cwd: folder, file }, files(folder));
  return file;
}
