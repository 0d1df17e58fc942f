// Lab runs waiting for their turn: one queue, and as many machines at a time as there is room for.
import { createHash } from 'node:crypto';
import { availableParallelism, freemem } from 'node:os';
import { failureReport, leftoversReport, partLine } from '../../labs/runner/report.ts';
import { runLab, type LabOptions, type LabRun } from '../../labs/runner/run.ts';
import type { LabWithRecording } from '../../labs/runner/labs.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';

/** Of the host, for each VM: its own memory and QEMU's. */
const BYTES_PER_VM = 1.3 * 2 ** 30;

/** How many machines this host carries at a time. */
export function room(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / BYTES_PER_VM)));
}

/** The longest first, as its number of parts tells, so that none is left alone at the end. */
export function longestFirst(labs: readonly LabWithRecording[]): LabWithRecording[] {
  return labs.toSorted((a, b) => b.lab.parts.length - a.lab.parts.length);
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

/** Does `work` with each of `items`, `jobs` at a time, and returns what came of it, in the order of `items`. */
export async function inTurn<T, R>(
  items: readonly T[],
  jobs: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(jobs, items.length) }, worker));
  return results;
}

/** Runs a lab, and says so: a line a part, and all about what is wrong. */
export async function runAloud(
  { lab, recording }: LabWithRecording,
  snapshot: Snapshot,
  options: Omit<LabOptions, 'onPart'>,
): Promise<LabRun> {
  const run = await runLab(lab, recording, snapshot, {
    ...options,
    onPart: (of, result) => console.error(partLine(of, result)),
  });
  if (run.failure) console.error(failureReport(run));
  if (run.leftovers.length > 0) console.error(leftoversReport(run));
  return run;
}
