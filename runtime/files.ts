// Files that are whole or not there, whenever the process or the host dies: on the disk under another name before they get their own.
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';

/** Puts what `folder` lists on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  await handle.sync().finally(() => handle.close());
}

/** Makes the file `path`, which must not be there, and puts what is in it on the disk. */
export async function writeNew(
  path: string,
  content: Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  const handle = await fs.open(path, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } catch (error) {
    // A part of it would only take room where there is none.
    await fs.rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Puts `content` in place of the file `path`: the old is there until the new one is whole. */
export async function replaceFile(path: string, content: Uint8Array | string, mode: number): Promise<void> {
  const next = `${path}.new`;
  await fs.rm(next, { force: true });
  await writeNew(next, content, mode);
  await fs.rename(next, path);
  await syncFolder(dirname(path));
}

export async function removeFile(path: string): Promise<void> {
  await fs.rm(path, { force: true });
  await syncFolder(dirname(path));
}
