// `npm run check`: installs the judges that are missing and hands over to check/main.ts, with its flags.
import { buildHandlers, cache, installJudges } from '../local/install.mjs';
import { command, install, run } from './command.mjs';

await command(async () => {
  await install({ node: buildHandlers, python: installJudges });
  return run(process.execPath, ['-r', 'ts-node/register/transpile-only', 'check/main.ts', ...process.argv.slice(2)], {
    ...process.env, MLOPS_LOCAL_CACHE: cache, JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: '1',
  });
});
