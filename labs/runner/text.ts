// Files of text: pages, labs, recordings and evidence.
import { isUtf8 } from 'node:buffer';
import { existsSync } from 'node:fs';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
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

/** Replaces `file` by `text`, so that a reader, or a power cut, finds the old one or the new one, whole. Its permissions stay, and a link to it. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const known = existsSync(file);
  const target = known ? await realpath(file) : file;
  const next = `${target}.${process.pid}.next`;
  try {
    const handle = await open(next, 'w');
    try {
      if (known) await handle.chmod((await stat(target)).mode);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(next, target);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
  const folder = await open(dirname(target), 'r');
  await folder.sync();
  await folder.close();
}
