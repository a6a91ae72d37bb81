import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, parse, resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { MlopsStack } from '../lib';
import { Template } from './template';

const repository = resolve(__dirname, '..');
const examples = join(repository, 'examples');
const stacks = join(__dirname, 'stacks');

/** The apps that are judged: every example, the full stack as it is, and with each provider (`check/stacks`). */
export function apps(): string[] {
  return [
    ...readdirSync(examples).filter(name => existsSync(join(examples, name, 'app.ts'))).sort().map(name => `examples/${name}`),
    'mlops', ...readdirSync(stacks).sort().map(file => `mlops/${parse(file).name}`),
  ];
}

/** Synthesizes `app`, as `make` makes it, into a folder under `outdir`, as `cdk synth` would. */
export function synthesize(app: string, outdir: string, make: (app: string) => void = build): Template[] {
  const folder = join(outdir, app.replace(/\//g, '-'));
  const { context } = JSON.parse(readFileSync(join(repository, 'cdk.json'), 'utf8'));
  Object.assign(process.env, { CDK_OUTDIR: folder, CDK_CONTEXT_JSON: JSON.stringify({ ...context, 'aws:cdk:enable-path-metadata': true }), CDK_VALIDATION: 'false' });
  make(app);
  // An app that is made later is not to be synthesized when the process ends.
  delete process.env.CDK_OUTDIR;
  return Template.ofAssembly(app, folder);
}

function build(app: string): void {
  if (app.startsWith('examples/')) {
    // An example is an app of its own, which synthesizes when it is loaded.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    require(join(repository, app, 'app.ts'));
  } else {
    const assembly = new App({ autoSynth: false });
    MlopsStack.fromFile(assembly, app === 'mlops' ? join(repository, 'mlops.yaml') : join(stacks, `${app.slice('mlops/'.length)}.yaml`));
    assembly.synth();
  }
}
