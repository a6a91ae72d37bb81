import { existsSync, readFileSync } from 'fs';
import { join } from 'path';
import { shown } from '../core/validation';

/** A line that names another file. */
const FILE = /^(-[rce]|--(requirement|constraint|editable)\b|\.{0,2}\/)/;
const LONGEST = 100_000;

/**
 * The lines of the `requirements.txt` in a source folder, for a cluster that installs them before it has the folder; none without one.
 * @throws when a line names another file, or there is more than a request holds
 */
export function requirements(source: string): string[] {
  const file = join(source, 'requirements.txt');
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n').map(line => line.trim()).filter(line => line && !line.startsWith('#'));
  const other = lines.find(line => FILE.test(line));
  if (other !== undefined) throw new Error(`'source' must have a requirements.txt that names packages alone, got '${shown(other)}': the cluster installs them before it has the folder`);
  if (text.length > LONGEST) throw new Error(`'source' must have a requirements.txt of at most ${LONGEST} characters, got ${text.length}: put the packages into the cluster's image`);
  return lines;
}
