import { App, Stack } from 'aws-cdk-lib';
import * as assets from 'aws-cdk-lib/aws-s3-assets';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'fs';
import { basename, dirname, join } from 'path';
import * as tar from 'tar';
import { packageRoot } from '../../constructs/core/package-root';
import { sourceBundle } from '../../constructs/model-trainer/source-bundle';

const os = jest.requireActual<typeof import('os')>('os');
const work = mkdtempSync(join(os.tmpdir(), 'bundle-test-'));
const app = new App({ outdir: join(work, 'out') });
let stacks = 0;
afterAll(() => rmSync(work, { recursive: true }));

/** A folder of its own with `files`, written in their order. */
function folder(files: { [path: string]: string }): string {
  const made = mkdtempSync(join(work, 'source-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(made, path)), { recursive: true });
    writeFileSync(join(made, path), text);
  }
  return made;
}

function bundle(source: string, entry = 'train.py'): { asset: assets.Asset; bytes: Buffer; entries: { [path: string]: number }; times: number[] } {
  const asset = sourceBundle(new Stack(app, `test${stacks++}`), 'Source', source, entry);
  const file = join(work, 'out', asset.assetPath);
  const entries: { [path: string]: number } = {};
  const times: number[] = [];
  tar.list({ sync: true, file, onReadEntry: entry => { entries[entry.path] = entry.mode! & 0o777; times.push(entry.mtime!.getTime()); } });
  return { asset, bytes: readFileSync(file), entries, times };
}

const FILES = { 'train.py': 'print(1)', 'requirements.txt': 'pandas', 'lib/b.py': 'b', 'lib/a.py': 'a', 'inference/inference.py': 'i' };

test('the same files give the same bytes, whenever, wherever and in whatever order they were written', () => {
  const one = folder(FILES);
  const two = folder(Object.fromEntries(Object.entries(FILES).reverse()));
  utimesSync(join(two, 'train.py'), new Date(0), new Date(12345));
  chmodSync(join(two, 'lib/a.py'), 0o600);
  chmodSync(join(two, 'lib'), 0o700);
  const [first, second] = [bundle(one), bundle(two)];

  expect(first.bytes.equals(second.bytes)).toBe(true);
  expect(new Set(first.times)).toEqual(new Set([0]));
  expect(first.asset.assetHash).toBe(second.asset.assetHash);
  expect(first.bytes.equals(bundle(folder({ ...FILES, 'train.py': 'print(2)' })).bytes)).toBe(false);
});

test('it holds the folder and what runs the script, and nothing that tools leave behind', () => {
  const { entries } = bundle(folder({
    ...FILES, '.git/config': '', '.env': 'SECRET', '__pycache__/train.pyc': '', 'lib/__pycache__/a.pyc': '', 'old.pyc': '', '.venv/x.py': '',
  }));
  const runtime = readdirSync(join(packageRoot(), 'runtime', 'mlops_runtime')).filter(name => name.endsWith('.py')).map(name => `mlops_runtime/${name}`);

  expect(Object.keys(entries).sort()).toEqual([...Object.keys(FILES), 'mlops_train.py', ...runtime].sort());
});

test('a program stays a program, and no permission of this machine is kept', () => {
  const source = folder(FILES);
  chmodSync(join(source, 'lib/a.py'), 0o700);
  chmodSync(join(source, 'lib/b.py'), 0o666);
  const { entries } = bundle(source);

  expect([entries['lib/a.py'], entries['lib/b.py']]).toEqual([0o755, 0o644]);
});

test('links are followed', () => {
  const shared = folder({ 'util.py': 'shared', 'deep/x.py': 'x' });
  const source = folder({ 'train.py': '' });
  symlinkSync(join(shared, 'util.py'), join(source, 'util.py'));
  symlinkSync(join(shared, 'deep'), join(source, 'deep'));
  const { entries, asset } = bundle(source);
  tar.extract({ sync: true, file: join(work, 'out', asset.assetPath), cwd: mkdirIn('links') });

  expect(Object.keys(entries)).toEqual(expect.arrayContaining(['util.py', 'deep/x.py']));
  expect(readFileSync(join(work, 'links', 'util.py'), 'utf8')).toBe('shared');
});

test('a script in a subfolder is found, and nothing is left in the temporary folder', () => {
  const own = mkdirIn('temporary');
  const temporary = jest.spyOn(os, 'tmpdir').mockReturnValue(own);
  const { asset } = bundle(folder({ 'src/train.py': '' }), 'src/train.py');

  expect(asset.s3ObjectKey).toMatch(/^[0-9a-f]{64}\.gz$/);
  expect(temporary).toHaveBeenCalled();
  expect(readdirSync(own)).toEqual([]);
  temporary.mockRestore();
});

test('a folder that is not there is refused', () => {
  const missing = join(work, 'trianing');

  expect(() => bundle(missing)).toThrow(new Error(`'source' must be a folder that exists, got '${missing}', which is not there: ${missing}`));
  const file = join(folder({ 'train.py': '' }), 'train.py');
  expect(() => bundle(file)).toThrow(new Error(`'source' must be a folder that exists, got '${file}', which is not there: ${file}`));
});

test.each(['trian.py', '../train.py', '__pycache__/train.py', 'lib', ''])("a script '%s' that is not there is refused", entry => {
  const source = folder({ ...FILES, 'other.py': '', '__pycache__/train.py': '' });

  expect(existsSync(source)).toBe(true);
  expect(() => bundle(source, entry)).toThrow(new Error(`'entry' must be a script in '${source}' (other.py, train.py), got '${entry}'`));
  expect(() => bundle(folder({ 'a.txt': '' }), 'train.py')).toThrow(/\(it holds no \.py file\), got 'train.py'$/);
});

function mkdirIn(name: string): string {
  mkdirSync(join(work, name));
  return join(work, basename(name));
}
