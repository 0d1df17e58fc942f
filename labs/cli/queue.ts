// Lab runs waiting for their turn: one queue, and as many machines at a time as there is room for.
import { createHash } from 'node:crypto';
import { availableParallelism, freemem } from 'node:os';
import { stateBefore } from '../runner/states.ts';
import { failureReport, leftoversReport, partLine } from '../runner/report.ts';
import { runLab, type LabRun } from '../runner/run.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import { earlier } from './evidence.ts';
import { forgetFailure, keepFailure, sitDown } from './failed.ts';
import type { Handbook } from './handbook.ts';
import type { Asked } from './options.ts';

/** Of the host, for each VM: its own memory and QEMU's. */
const BYTES_PER_VM = 1.3 * 2 ** 30;

/** How many machines there is memory for, beside whatever runs now. */
export function inMemory(): number {
  return Math.floor(freemem() / BYTES_PER_VM);
}

/** How many machines this host carries at a time, those that are `running` among them. */
export function room(running = 0): number {
  return Math.max(1, Math.min(availableParallelism(), running + inMemory()));
}

/**
 * How many of `jobs` places a lab takes: one, since its parts run one after the other and keep one processor busy, however many machines it
 * has; or one for each of its machines, where there is no `memory` for so many in each place.
 */
export function places(jobs: number, memory = inMemory()): (lab: LabWithRecording) => number {
  return ({ lab: { machines } }) => (memory >= jobs * machines.length ? 1 : machines.length);
}

/** How many milliseconds each lab took when it last ran well: here, or wherever the published evidence is from. */
export async function lasted(handbook: Handbook): Promise<ReadonlyMap<string, number>> {
  const labs = (await earlier(handbook, 'results')).flatMap((results) => results.labs);
  const well = labs.filter(({ parts }) => parts.every(({ outcome }) => outcome === 'passed'));
  return new Map(well.map(({ lab, durationMs }) => [lab, durationMs]));
}

/** A lab that never ran is taken to need so long for each part. */
const PART_MS = 3000;

/** The longest first, so that none is left alone at the end. */
export function longestFirst(
  labs: readonly LabWithRecording[],
  times: ReadonlyMap<string, number>,
): LabWithRecording[] {
  const time = ({ lab: { id, parts } }: LabWithRecording): number => times.get(id) ?? PART_MS * parts.length;
  return labs.toSorted((a, b) => time(b) - time(a));
}

/** `items` in an order by chance, which is the same for the same seed. `nameOf` tells them apart. */
export function shuffled<T>(items: readonly T[], seed: number, nameOf: (item: T) => string): T[] {
  const place = (item: T): string =>
    createHash('sha256')
      .update(`${seed} ${nameOf(item)}`)
      .digest('hex');
  return items
    .map((item) => ({ item, at: place(item) }))
    .sort((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ item }) => item);
}

/**
 * Does `work` with each of `items`, in `jobs` places, and returns what came of it, in the order of `items`. One that needs more places than
 * there are has its turn alone.
 */
export async function inTurn<T, R>(
  items: readonly T[],
  jobs: number,
  work: (item: T) => Promise<R>,
  placesOf: (item: T) => number = () => 1,
): Promise<R[]> {
  const results: R[] = [];
  const running = new Set<Promise<void>>();
  let free = jobs;
  for (const [index, item] of items.entries()) {
    const needed = Math.min(placesOf(item), jobs);
    while (free < needed) await Promise.race(running);
    free -= needed;
    const turn = work(item).then((result) => {
      results[index] = result;
      free += needed;
      running.delete(turn);
    });
    running.add(turn);
  }
  await Promise.all(running);
  return results;
}

/** Runs a lab, and says so: a line a part, and all about what is wrong. */
export async function runAloud(
  handbook: Handbook,
  { lab, recording }: LabWithRecording,
  snapshot: Snapshot,
  { record, teardown, from, last, debug }: Pick<Asked, 'record' | 'teardown' | 'from' | 'last' | 'debug'>,
): Promise<LabRun> {
  const standing = from === undefined ? undefined : await stateBefore(lab, recording, from, snapshot);
  const run = await runLab(lab, recording, snapshot, {
    record,
    teardown,
    ...(standing && { standing }),
    ...(last !== undefined && { last }),
    keepBefore: ({ name }) => name === from,
    onPart: (of, result) => console.error(partLine(of, result)),
    onFailure: async (machine, failed) => {
      const hints = [...(await keepFailure(handbook, failed)), ...handbook.hints(lab)];
      if (failed.failure) console.error(failureReport(failed, failed.failure, hints));
      if (debug) await sitDown(machine);
    },
  });
  if (run.restoring) console.error(failureReport(run, run.restoring, handbook.hints(lab)));
  if (!run.failure) await forgetFailure(handbook, lab);
  if (run.leftovers.length > 0) console.error(leftoversReport(run));
  return run;
}
