// The folder for what is built once and used by every clone of the project: the lab VM's disks and snapshots.
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { removeScratch, scratch } from './scratch.ts';

/** `$KITTIWAKE_CACHE`, else `$XDG_CACHE_HOME/kittiwake`, else `~/.cache/kittiwake`. */
export function cacheFolder(): string {
  const { KITTIWAKE_CACHE, XDG_CACHE_HOME } = process.env;
  return KITTIWAKE_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kittiwake');
}

/** When a new layer is made, one of its kind goes that nobody has used for so long; */
const UNUSED_MS = 14 * 24 * 3600 * 1000;
/** and of more than so many, those that nobody has used for an hour: each takes half a gigabyte. */
const KEPT = 4;
const IN_USE_MS = 3600 * 1000;

/**
 * The finished layer `kind`-`digest` of the cache, made by `make` in an empty folder if it is not there. Another process
 * that makes the same one at the same time does no harm: the first to finish wins.
 */
export async function layer(
  kind: string,
  digest: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const vms = join(cacheFolder(), 'vm');
  const finished = join(vms, `${kind}-${digest}`);
  if (!(await exists(finished))) {
    await mkdir(vms, { recursive: true });
    await removeUnused(vms, kind);
    // In a container a build that was killed may have had our process number.
    const unfinished = `${finished}.${process.pid}`;
    await removeScratch(unfinished);
    await mkdir(scratch(unfinished));
    try {
      await make(unfinished);
      await syncFolder(unfinished);
      await rename(unfinished, finished).catch(async (error: unknown) => {
        if (!(await exists(finished))) throw error;
      });
    } finally {
      await removeScratch(unfinished);
    }
  }
  const now = new Date();
  await utimes(finished, now, now); // the mark of its last use
  return finished;
}

/** Writes the files of `folder` through to the disk, so that a power cut leaves no layer that only looks whole. */
async function syncFolder(folder: string): Promise<void> {
  for (const path of [...(await readdir(folder)).map((name) => join(folder, name)), folder]) {
    const handle = await open(path, 'r');
    await handle.sync();
    await handle.close();
  }
}

/** Removes layers long unused or too many, and what builds left behind that were killed. */
async function removeUnused(vms: string, kind: string): Promise<void> {
  const finished: { path: string; unusedMs: number }[] = [];
  for (const name of await readdir(vms)) {
    if (!name.startsWith(`${kind}-`)) continue;
    const path = join(vms, name);
    const builder = Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
    const used = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (used === undefined) continue; // somebody else removed it just now
    if (builder === 0) finished.push({ path, unusedMs: Date.now() - used });
    else if (!isRunning(builder)) await removeScratch(path);
  }
  finished.sort((a, b) => a.unusedMs - b.unusedMs);
  for (const [index, { path, unusedMs }] of finished.entries()) {
    const oneTooMany = index >= KEPT - 1 && unusedMs > IN_USE_MS;
    if (unusedMs > UNUSED_MS || oneTooMany) await removeScratch(path);
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** sha256 of the names, modes' execute bits and contents of everything under `folder`, and of `others`. */
export async function digestOf(folder: string, ...others: string[]): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    const executable = ((await stat(file)).mode & 0o111) !== 0;
    const content = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    hash.update(`${relative(folder, file)} ${executable} ${content}\n`);
  }
  for (const other of others) hash.update(`${other}\n`);
  return hash.digest('hex').slice(0, 16);
}
