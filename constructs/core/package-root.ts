import { existsSync, readFileSync } from 'fs';
import { dirname, join } from 'path';

/** The package's own folder, in a clone and in an installed package alike. */
export function packageRoot(from: string = __dirname): string {
  const file = join(from, 'package.json');
  if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'cdk-mlops') return from;
  if (dirname(from) === from) throw new Error(`cdk-mlops must be used from its own folder, got a copy outside of it: ${__dirname}`);
  return packageRoot(dirname(from));
}

/**
 * The folder of a prebuilt handler.
 * @throws when the handlers were not built
 */
export function handlerFolder(name: string): string {
  const folder = join(packageRoot(), 'dist', 'handlers', name);
  if (!existsSync(join(folder, 'index.js'))) throw new Error(`the handler '${name}' is not built: run 'npm run build:handlers' in ${packageRoot()}`);
  return folder;
}
