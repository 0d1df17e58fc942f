// Machines frozen on their way through a lab, kept so that nobody has to go the way again: as many as there is room for.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, isRunning } from './cache.ts';
import { freeze, thaw } from './freeze.ts';
import type { Machine } from './machine.ts';
import { removeScratch, scratch } from './scratch.ts';
import type { Snapshot } from './snapshot.ts';

/** Of all states together; one is 200 to 500 MB. When there are more, those go that were used least lately; */
const KEPT_BYTES = 8 * 2 ** 30;
/** but none that was used so lately, since somebody may be about to read it. */
const IN_USE_MS = 60_000;
/** What a machine lives by, leases and certificates, has run out in one that slept so long. */
const TOO_OLD_MS = 6 * 3600_000;

/** A machine as it was, and what whoever kept it had to say of it. */
export interface State {
  readonly snapshot: Snapshot;
  readonly notes: unknown;
}

/**
 * Freezes `machine` under the name `digest`, with `notes` (anything JSON can say), unless there is such a state already. Whoever
 * comes to the same point at the same time does no harm: the first to finish wins.
 */
export async function keepState(machine: Machine, digest: string, notes: unknown): Promise<void> {
  const finished = await folderOf(machine.snapshot, digest);
  if (await isFresh(finished)) return;
  const states = join(cacheFolder(), 'vm', 'states');
  const unfinished = join(states, `${randomUUID()}.${process.pid}`);
  await mkdir(scratch(unfinished), { recursive: true });
  try {
    await freeze(machine, unfinished);
    await writeFile(join(unfinished, 'notes.json'), JSON.stringify(notes));
    await discard(finished);
    await rename(unfinished, finished).catch(() => undefined);
  } finally {
    await removeScratch(unfinished);
  }
  await makeRoom(states, KEPT_BYTES);
}

/** The state `digest` of a machine that began with `snapshot`, if there is one. */
export async function findState(snapshot: Snapshot, digest: string): Promise<State | undefined> {
  const folder = await folderOf(snapshot, digest);
  if (!(await isFresh(folder))) return undefined;
  try {
    const now = new Date();
    await utimes(folder, now, now); // the mark of its last use
    const notes: unknown = JSON.parse(await readFile(join(folder, 'notes.json'), 'utf8'));
    return { snapshot: await thaw(folder, snapshot), notes };
  } catch {
    return undefined; // somebody else removed it just now
  }
}

/**
 * States are not written through to the disk, which would take longer than making them again; so none counts after the host
 * has restarted, when it may be half of what it was.
 */
async function folderOf(snapshot: Snapshot, digest: string): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  const name = createHash('sha256').update(`${snapshot.digest} ${boot} ${digest}`).digest('hex').slice(0, 32);
  return join(cacheFolder(), 'vm', 'states', name);
}

async function isFresh(folder: string): Promise<boolean> {
  const made = (await stat(join(folder, 'state')).catch(() => undefined))?.mtimeMs;
  return made !== undefined && Date.now() - made < TOO_OLD_MS;
}

/** Removes what is too old and what killed makers left; then, of the rest, the least lately used, until it is at most `limit` bytes. */
export async function makeRoom(states: string, limit: number): Promise<void> {
  const kept: { folder: string; usedAt: number; bytes: number }[] = [];
  for (const name of await readdir(states)) {
    const folder = join(states, name);
    const maker = Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
    const used = await stat(folder).catch(() => undefined);
    if (!used) continue; // somebody else removed it just now
    if (maker !== 0) {
      if (!isRunning(maker)) await removeScratch(folder);
    } else if (await isFresh(folder)) {
      kept.push({ folder, usedAt: used.mtimeMs, bytes: await bytesIn(folder) });
    } else await discard(folder);
  }
  let sum = kept.reduce((all, { bytes }) => all + bytes, 0);
  for (const { folder, usedAt, bytes } of kept.sort((a, b) => a.usedAt - b.usedAt)) {
    if (sum <= limit || Date.now() - usedAt < IN_USE_MS) break;
    await discard(folder);
    sum -= bytes;
  }
}

/** Nobody finds a state of which half is removed. */
async function discard(folder: string): Promise<void> {
  const going = join(folder, '..', `${randomUUID()}.${process.pid}`);
  await rename(folder, going).catch(() => undefined);
  await removeScratch(going);
}

/** What the files in `folder` take of the disk. */
async function bytesIn(folder: string): Promise<number> {
  const sizes = (await readdir(folder).catch(() => [])).map(async (name) => {
    const { blocks } = await stat(join(folder, name)).catch(() => ({ blocks: 0 }));
    return blocks * 512;
  });
  return (await Promise.all(sizes)).reduce((all, bytes) => all + bytes, 0);
}
