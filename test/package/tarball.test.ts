import { execFileSync } from 'child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { App } from 'aws-cdk-lib';
import { MlopsStack } from '../../lib';

const ROOT = resolve(__dirname, '../..');
const MINUTES = 60_000;

/** An app of somebody else's, in an empty folder, that has the package from its tarball. */
const APP = `
const { App } = require('aws-cdk-lib');
const { MlopsStack } = require('cdk-mlops');
const app = new App({ outdir: 'assembly' });
new MlopsStack(app, 'mlops', { settings: { trainer: { source: process.argv[2] } } });
app.synth();
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mlops-package-'));
  run(ROOT, 'npm', 'run', 'build');
  const tarball = run(ROOT, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder).trim().split('\n').pop()!;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'somebody-elses-app', private: true }));
  writeFileSync(join(folder, 'app.js'), APP);
  run(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`);
}, 10 * MINUTES);
afterAll(() => rmSync(folder, { recursive: true }));

function run(cwd: string, command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, CDK_VALIDATION: 'false' }, maxBuffer: 1 << 26 });
}

test('the installed package synthesizes the template of the clone', () => {
  run(folder, 'node', 'app.js', join(ROOT, 'training'));
  const app = new App({ outdir: join(folder, 'clone') });
  new MlopsStack(app, 'mlops', { settings: { trainer: { source: join(ROOT, 'training') } } });
  app.synth();

  const [installed, clone] = ['assembly', 'clone'].map(name => readFileSync(join(folder, name, 'mlops.template.json'), 'utf8'));
  expect(installed).toEqual(clone);
}, 2 * MINUTES);

test('the package holds what a user needs, and nothing of the workshop', () => {
  const packed = readdirSync(join(folder, 'node_modules', 'cdk-mlops')).sort();

  expect(packed).toEqual(expect.arrayContaining(['.jsii', 'LICENSE', 'README.md', 'constructs', 'dist', 'package.json', 'runtime']));
  expect(packed.filter(name => ['local', 'test', 'bin', 'examples', 'training', 'lib', 'scripts'].includes(name))).toEqual([]);
});

test('the package declares its types and its jsii assembly', () => {
  const assembly = JSON.parse(readFileSync(join(folder, 'node_modules', 'cdk-mlops', '.jsii'), 'utf8'));

  expect(assembly.name).toBe('cdk-mlops');
  expect(Object.keys(assembly.types)).toEqual(expect.arrayContaining(['cdk-mlops.IComponent', 'cdk-mlops.IModelTrainer', 'cdk-mlops.MlopsStack', 'cdk-mlops.Step']));
});
