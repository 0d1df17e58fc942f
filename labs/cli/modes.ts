// Labs run once, and what they print written down.
import { align, merge } from '../runner/align.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import { diff } from '../runner/report.ts';
import type { LabRun } from '../runner/run.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import type { Handbook } from './handbook.ts';
import type { Asked } from './options.ts';
import { host, inTurn, lasted, longestFirst, runAloud, takes } from './queue.ts';

/** Runs each lab once, and returns how, by name. */
export async function once(
  handbook: Handbook,
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  asked: Asked,
): Promise<LabRun[]> {
  const before = await lasted(handbook, snapshot.accelerator.name);
  const runs = await inTurn(
    longestFirst(labs, before),
    host(asked.jobs),
    (lab) => runAloud(handbook, lab, snapshot, asked),
    // Who says how many means so many.
    (lab) => takes(lab, asked.jobs === undefined ? before.get(lab.lab.id)?.share : 1),
  );
  return runs.sort((a, b) => (a.lab.id < b.lab.id ? -1 : 1));
}

/** Rewrites the recordings of labs whose parts all ended as they should, and shows what changed. */
export async function record(handbook: Handbook, runs: readonly LabRun[]): Promise<void> {
  for (const { lab, recording, result, failure } of runs) {
    if (failure) continue;
    const ran = new Map(
      result.parts.map(({ part, exit, endsIn, transcript }) => {
        const rows = align(recording.get(part)?.output ?? '', transcript);
        if (rows.some(({ kind }) => kind !== 'same'))
          console.error([`${lab.id} ${part}`, ...diff(rows)].join('\n'));
        const ended = { exit: exit ?? 0, ...(endsIn === undefined ? {} : { endsIn }) };
        return [part, { ...ended, output: merge(rows) }];
      }),
    );
    // Parts that did not run, as others began later, stay as they are recorded.
    const all = lab.parts.flatMap(({ name }) => {
      const recorded = ran.get(name) ?? recording.get(name);
      return recorded ? [[name, recorded] as const] : [];
    });
    await handbook.record(lab, new Map(all));
  }
}
