// The text of pages, labs and recordings.
import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { LabError } from './lab.ts';

/**
 * What `file` says, called `name` in messages; a byte order mark is part of it.
 * @throws LabError with the line where it is not UTF-8: written back as what could be read of it, it would not be what it was.
 */
export async function readText(file: string, name = file): Promise<string> {
  const bytes = await readFile(file);
  if (!isUtf8(bytes)) throw new LabError(`${name}:${firstWrongLine(bytes)}: not UTF-8; save it as UTF-8`);
  return bytes.toString('utf8');
}

function firstWrongLine(bytes: Buffer): number {
  for (let line = 1, begin = 0; ; line++) {
    const end = bytes.indexOf('\n', begin);
    if (end < 0 || !isUtf8(bytes.subarray(begin, end))) return line;
    begin = end + 1;
  }
}
