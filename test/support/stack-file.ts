import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App } from 'aws-cdk-lib';
import { MlopsStack } from '../../lib';

const folder = mkdtempSync(join(tmpdir(), 'mlops-stack-file-'));
const path = join(folder, 'mlops.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

/** The path of a stack file that holds `content`, until the next one is written. */
export function stackFile(content: string | Buffer): string {
  writeFileSync(path, content);
  return path;
}

/** Why the stack of a file is refused, without the file's path. */
export function refusal(content: string | Buffer): string {
  try {
    MlopsStack.fromFile(new App(), stackFile(content));
  } catch (error) {
    const { message } = error as Error;
    expect(message.startsWith(`${path}: `)).toBe(true);
    return message.slice(path.length + 2);
  }
  throw new Error(`not refused: ${content}`);
}
