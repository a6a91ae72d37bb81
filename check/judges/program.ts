import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const repository = resolve(__dirname, '..', '..');
const cache = resolve(process.env.MLOPS_LOCAL_CACHE ?? resolve(repository, '.local', 'cache'));

/** A program of the judges' own Python environment. */
export const judgeProgram = (name: string) => resolve(cache, 'judges', 'bin', name);

/** The Python of the local target, whose botocore knows today's APIs. */
export const targetPython = resolve(cache, 'target', 'bin', 'python');

/** The standard output of a program; exit codes up to `most` are answers, if there is an output with them; others are failures. */
export function run(command: string, args: string[], most = 0, input = ''): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { env: { ...process.env, PYTHONPATH: resolve(repository, 'local') } });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', chunk => output.push(chunk));
    child.stderr.on('data', chunk => errors.push(chunk));
    child.on('error', fail);
    // A program that reads no input may have ended before it is closed.
    child.stdin.on('error', () => undefined);
    child.on('close', code => code === 0 || code !== null && code <= most && output.length
      ? done(Buffer.concat(output).toString())
      : fail(new Error(`${command} ended with ${code}: ${Buffer.concat(errors).toString().trim().split('\n').at(-1)}`)));
    child.stdin.end(input);
  });
}
