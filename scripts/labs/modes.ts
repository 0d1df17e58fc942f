// The three ways to run labs: once, again and again, and with each part left out.
import { align, merge } from '../../labs/runner/align.ts';
import { leftOut, noticed, showsItself } from '../../labs/runner/control.ts';
import { partDigests } from '../../labs/runner/lab.ts';
import { writeRecording, type LabWithRecording } from '../../labs/runner/labs.ts';
import { diff } from '../../labs/runner/report.ts';
import type { Control, Ledger, LabResult } from '../../labs/runner/results.ts';
import { runLab, type LabRun } from '../../labs/runner/run.ts';
import type { Snapshot } from '../../labs/vm/snapshot.ts';
import { inTurn, longestFirst, runAloud, shuffled } from './queue.ts';

export interface Ways {
  readonly jobs: number;
  /** Looks whether each machine is in the end what it was at first. */
  readonly teardown: boolean;
}

/** Runs each lab once, and returns how, by name. */
export async function once(
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  { jobs, teardown }: Ways,
  record: boolean,
): Promise<LabRun[]> {
  const runs = await inTurn(longestFirst(labs), jobs, (lab) => runAloud(lab, snapshot, { record, teardown }));
  return runs.sort((a, b) => (a.lab.id < b.lab.id ? -1 : 1));
}

/** Rewrites the recordings of labs whose parts all ended as they should, and shows what changed. */
export async function record(folder: string, runs: readonly LabRun[]): Promise<void> {
  for (const { lab, recording, result, failure } of runs) {
    if (failure) continue;
    const next = new Map(
      result.parts.map(({ part, exit, transcript }) => {
        const rows = align(recording.get(part)?.output ?? '', transcript);
        if (rows.some(({ kind }) => kind !== 'same'))
          console.error([`${lab.id} ${part}`, ...diff(rows)].join('\n'));
        return [part, { exit: exit ?? 0, output: merge(rows) }];
      }),
    );
    await writeRecording(folder, lab.id, next);
  }
}

/** How often each part passed. A part that did not come to its turn did not run. */
export function tally(labs: readonly LabWithRecording[], results: readonly LabResult[]): Ledger['labs'] {
  return labs.map(({ lab }) => {
    const ran = results.filter((result) => result.lab === lab.id).flatMap(({ parts }) => parts);
    return {
      lab: lab.id,
      parts: lab.parts.map(({ name }) => {
        const outcomes = ran.filter(({ part, outcome }) => part === name && outcome !== 'not-run');
        const passed = outcomes.filter(({ outcome }) => outcome === 'passed').length;
        return { part: name, runs: outcomes.length, passed };
      }),
    };
  });
}

/** Runs each lab `repeats` times, all in an order by chance. */
export async function again(
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  { jobs, teardown }: Ways,
  repeats: number,
  seed: number,
): Promise<LabRun[]> {
  const all = labs.flatMap((lab) => Array.from({ length: repeats }, (_, turn) => ({ lab, turn })));
  const order = shuffled(all, seed, ({ lab, turn }) => `${lab.lab.id} ${turn}`);
  return inTurn(order, jobs, ({ lab }) => runAloud(lab, snapshot, { record: false, teardown }));
}

/** Leaves out parts, one a run: `sample` of them by chance, or all. What is known without a run takes none. */
export async function control(
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  jobs: number,
  sample: number,
  seed: number,
): Promise<Control['parts']> {
  const all = labs.flatMap((lab) => lab.lab.parts.map((part) => ({ lab, part })));
  const chosen = shuffled(all, seed, ({ lab, part }) => `${lab.lab.id} ${part.name}`).slice(0, sample);
  return inTurn(chosen, jobs, async ({ lab: { lab, recording }, part }) => {
    const known = { lab: lab.id, part: part.name, digest: partDigests(lab, recording).get(part.name) ?? '' };
    if (showsItself(part, recording.get(part.name))) return { ...known, noticed: { by: 'itself' } as const };
    const run = await runLab(leftOut(lab, part.name), recording, snapshot, {
      record: false,
      teardown: true,
      onPart: () => undefined,
    });
    const found = noticed(part, run);
    const who =
      found.by === 'part'
        ? `noticed by ${found.part}`
        : found.by === 'teardown'
          ? 'noticed in the end'
          : 'NOTICED BY NOBODY';
    console.error(`${lab.id} without ${part.name}: ${who}`);
    return { ...known, noticed: found };
  });
}
