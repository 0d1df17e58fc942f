// Files that are whole or not there, whenever the process or the host dies: on the disk under another name before they get their own.
import { randomBytes } from 'node:crypto';
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

/** Makes the file `path`, whole or not at all, whatever the umask. @throws Error with code EEXIST where there is one, which stays as it is. */
export async function publishFile(path: string, content: string, mode: number): Promise<void> {
  const next = `${path}.${randomBytes(6).toString('hex')}.new`;
  await writeNew(next, content, mode);
  try {
    await fs.chmod(next, mode);
    await fs.link(next, path);
  } finally {
    await fs.rm(next);
  }
  await syncFolder(dirname(path));
}

export async function removeFile(path: string): Promise<void> {
  await fs.rm(path, { force: true });
  await syncFolder(dirname(path));
}
