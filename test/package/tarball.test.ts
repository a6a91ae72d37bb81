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

/** A provider of somebody else's, which the conformance kit judges without a test framework. */
const CONFORMANCE = `
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Binding, IExperimentTracker, ProbeSubject } from 'cdk-mlops';
import { ConformanceCase, experimentTracker } from 'cdk-mlops/conformance';

class Tracker extends Construct implements IExperimentTracker {
  public bind(_client: iam.IGrantable): Binding {
    return { provider: 'acme', address: 'https://runs.acme.dev', variables: { ACME_API_KEY: 'k-1234' }, probes: [{ shows: ProbeSubject.ALIVE, url: 'https://runs.acme.dev' }] };
  }
}
const failures = (cases: ConformanceCase[]): string[] => cases.flatMap(({ name, run }) => {
  try {
    run();
    return [];
  } catch (error) {
    return [name + ': ' + (error as Error).message];
  }
});
console.log(JSON.stringify(failures(experimentTracker(scope => new Tracker(scope, 'Tracker')))));
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mlops-package-'));
  run(ROOT, 'npm', 'run', 'build');
  const tarball = run(ROOT, 'npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder).trim().split('\n').pop()!;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'somebody-elses-app', private: true }));
  writeFileSync(join(folder, 'app.js'), APP);
  writeFileSync(join(folder, 'conformance.ts'), CONFORMANCE);
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

test.each([
  ['by exports', ['--module', 'node16', '--moduleResolution', 'node16']],
  ['as before exports', ['--module', 'commonjs', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0']],
])('a provider of one\'s own is compiled, resolved %s, and judged by the conformance kit', (_how, resolution) => {
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  run(folder, tsc, 'conformance.ts', '--strict', '--skipLibCheck', '--target', 'es2022', '--types', 'node', '--typeRoots', join(ROOT, 'node_modules', '@types'), ...resolution);

  expect(JSON.parse(run(folder, 'node', 'conformance.js'))).toEqual([
    "binding: no credential: 'ACME_API_KEY' must be one of 'secrets', a reference, got it as a plain variable",
  ]);
}, 5 * MINUTES);
