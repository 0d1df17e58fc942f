// Lab runs waiting for their turn: one queue, and as many machines at a time as there is room for.
import { createHash } from 'node:crypto';
import { availableParallelism, freemem } from 'node:os';
import { stateBefore } from '../runner/states.ts';
import { failureReport, leftoversReport, partLine } from '../runner/report.ts';
import { runLab, type LabRun } from '../runner/run.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import type { Busy } from '../runner/results.ts';
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
export function carried(running: number): number {
  return Math.max(1, Math.min(availableParallelism(), running + inMemory()));
}

/** What there is for labs to run on, or what one of them takes of it. */
export interface Room {
  /** Or shares of one. */
  readonly processors: number;
  readonly machines: number;
}

/** What of this host labs may take: so many at a time, where somebody said how many `jobs`; else all of it. */
export function host(jobs?: number): Room {
  return { processors: jobs ?? availableParallelism(), machines: Math.max(jobs ?? 1, inMemory()) };
}

/** What a lab takes: one processor, or a share, since its parts run one after the other, however many machines it has. */
export function takes({ lab: { machines } }: LabWithRecording, processors = 1): Room {
  return { processors, machines: machines.length };
}

/** How a lab ran when it last ran well. */
export interface Lasted {
  readonly durationMs: number;
  /** How much of a processor it keeps busy, from 0 to 1, where it need not wait for one. */
  readonly share: number;
}

/** A share that is smaller is not counted on: another host may not take its time as this one did. */
const LEAST_SHARE = 0.5;

/**
 * How each lab ran when it last ran well: here, or wherever the published evidence is from. It takes all of a processor where nothing else is known
 * of machines whose processor runs as it does here.
 */
export async function lasted(handbook: Handbook, accelerator: string): Promise<ReadonlyMap<string, Lasted>> {
  const found = new Map<string, Lasted>();
  for (const { labs, vm } of await earlier(handbook, 'results'))
    for (const { lab, durationMs, busy, parts } of labs) {
      if (!parts.every(({ outcome }) => outcome === 'passed')) continue;
      found.set(lab, { durationMs, share: vm.accelerator === accelerator ? shareOf(busy) : 1 });
    }
  return found;
}

function shareOf(busy: Busy | undefined): number {
  return busy ? Math.max(LEAST_SHARE, busy.ranMs / Math.max(1, busy.ranMs + busy.idleMs)) : 1;
}

/** A lab that never ran is taken to need so long for each part. */
const PART_MS = 3000;

/** The longest first, so that none is left alone at the end. */
export function longestFirst(
  labs: readonly LabWithRecording[],
  times: ReadonlyMap<string, Lasted>,
): LabWithRecording[] {
  const time = ({ lab: { id, parts } }: LabWithRecording): number =>
    times.get(id)?.durationMs ?? PART_MS * parts.length;
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

/** Processors that may be asked for beyond those there are: labs seldom all want what they take on average at the same moment. */
const OVERBOOKED = 0.15;

/**
 * Does `work` with each of `items` as soon as there is room for what it takes, the first of them that fits, and returns what came of it, in the
 * order of `items`. One that takes more than there is has its turn alone.
 */
export async function inTurn<T, R>(
  items: readonly T[],
  room: Room,
  work: (item: T) => Promise<R>,
  taken: (item: T) => Room,
): Promise<R[]> {
  const results: R[] = [];
  const running = new Map<Promise<void>, Room>();
  const fits = (one: Room): boolean => {
    const all = [...running.values(), one];
    return (
      all.reduce((sum, { processors }) => sum + processors, 0) <= room.processors + OVERBOOKED &&
      all.reduce((sum, { machines }) => sum + machines, 0) <= room.machines
    );
  };
  const waiting = [...items.entries()];
  while (waiting.length > 0) {
    const at = running.size === 0 ? 0 : waiting.findIndex(([, item]) => fits(taken(item)));
    const [next] = at < 0 ? [] : waiting.splice(at, 1);
    if (!next) {
      await Promise.race(running.keys());
      continue;
    }
    const [index, item] = next;
    const turn = work(item).then((result) => {
      results[index] = result;
      running.delete(turn);
    });
    running.set(turn, taken(item));
  }
  await Promise.all(running.keys());
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
