// The folder for what is built once and used by every clone of the project: the lab VM's disks and snapshots.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';

/** `$KITTIWAKE_CACHE`, else `$XDG_CACHE_HOME/kittiwake`, else `~/.cache/kittiwake`. */
export function cacheFolder(): string {
  const { KITTIWAKE_CACHE, XDG_CACHE_HOME } = process.env;
  return KITTIWAKE_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kittiwake');
}

/** A layer of this kind that nobody has used for so long is removed when a new one is made. */
const UNUSED_DAYS = 14;

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
    const unfinished = `${finished}.${process.pid}`;
    await mkdir(unfinished);
    try {
      await make(unfinished);
      await rename(unfinished, finished).catch(async (error: unknown) => {
        if (!(await exists(finished))) throw error;
      });
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  }
  const now = new Date();
  await utimes(finished, now, now); // the mark of its last use
  return finished;
}

/** Removes layers long unused, and what builds left behind that were killed. */
async function removeUnused(vms: string, kind: string): Promise<void> {
  for (const name of await readdir(vms)) {
    if (!name.startsWith(`${kind}-`)) continue;
    const builder = Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
    const { mtimeMs } = await stat(join(vms, name));
    const old = Date.now() - mtimeMs > UNUSED_DAYS * 24 * 3600 * 1000;
    if (builder > 0 ? !isRunning(builder) : old) await rm(join(vms, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
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
