import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** Does `work` while each of `texts` stands in a file of its own in a folder of their own. */
export async function inFiles<T>(texts: string[], work: (files: string[], folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'judged-'));
  try {
    const files = texts.map((_text, place) => join(folder, `${place}.json`));
    files.forEach((file, place) => writeFileSync(file, texts[place]));
    return await work(files, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The place among the texts of the one that stands in `file`. */
export const placeOf = (file: string) => Number(basename(file, '.json'));
