// The negative control: each part is left out once. A lab runs whole, and is gone on with from each point where that takes a machine to tell.
import { VmError } from '../vm/errors.ts';
import { leftOut, noticed, showsItself } from '../runner/control.ts';
import { partDigests, type Part } from '../runner/lab.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import { failureReport, leftoversReport } from '../runner/report.ts';
import type { Control, Noticed } from '../runner/results.ts';
import { runLab } from '../runner/run.ts';
import { stateBefore } from '../runner/states.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import type { Handbook } from './handbook.ts';
import type { Asked } from './options.ts';
import { inTurn, lasted, longestFirst, shuffled } from './queue.ts';

/**
 * Leaves out parts: `sample` of them by chance, or all. What is known without a run takes none. `failed` says of which labs nothing
 * could be told, and why.
 */
export async function control(
  handbook: Handbook,
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  { jobs, sample, seed }: Asked,
): Promise<{ readonly parts: Control['parts']; readonly failed: readonly string[] }> {
  const all = labs.flatMap(({ lab }) => lab.parts.map(({ name }) => `${lab.id} ${name}`));
  const chosen = new Set(shuffled(all, seed, (name) => name).slice(0, sample));
  const failed: string[] = [];
  const parts = await inTurn(longestFirst(labs, await lasted(handbook)), jobs, async (one) => {
    const { lab, recording } = one;
    const digests = partDigests(lab, recording);
    const asked = lab.parts.filter(({ name }) => chosen.has(`${lab.id} ${name}`));
    const silent = asked.filter((part) => !showsItself(part, recording.get(part.name)));
    // One machine that fails takes nothing from what others have told.
    const found = await controlOf(one, snapshot, silent).catch((error: unknown) => {
      if (!(error instanceof VmError)) throw error;
      failed.push(`${lab.file}: ${error.message}`);
      return undefined;
    });
    if (!found) return [];
    return asked.map((part) => ({
      lab: lab.id,
      part: part.name,
      digest: digests.get(part.name) ?? '',
      noticed: found.get(part) ?? ({ by: 'itself' } as const),
    }));
  });
  return { failed, parts: parts.flat().sort((a, b) => (a.lab < b.lab ? -1 : a.lab > b.lab ? 1 : 0)) };
}

/** What notices that one of the `silent` parts of a lab is left out. */
async function controlOf(
  { lab, recording }: LabWithRecording,
  snapshot: Snapshot,
  silent: readonly Part[],
): Promise<ReadonlyMap<Part, Noticed>> {
  const found = new Map<Part, Noticed>();
  if (silent.length === 0) return found;
  const options = { record: false, teardown: true, onPart: () => undefined };
  const whole = await runLab(lab, recording, snapshot, {
    ...options,
    keepBefore: (part) => silent.includes(part),
  });
  if (whole.failure) {
    console.error(failureReport(whole, whole.failure, []));
    throw new VmError('it does not pass as it is, so leaving out a part tells nothing');
  }
  if (whole.leftovers.length > 0) console.error(leftoversReport(whole));
  for (const part of silent) {
    const standing = await stateBefore(lab, recording, part.name, snapshot);
    const run = await runLab(leftOut(lab, part.name), recording, snapshot, { ...options, standing });
    // What the lab leaves behind in any case tells nothing of the part.
    const leftovers = run.leftovers.filter((line) => !whole.leftovers.includes(line));
    const by = noticed(part, { ...run, leftovers });
    console.error(`${lab.id} without ${part.name}: ${inWords(by)}`);
    found.set(part, by);
  }
  return found;
}

function inWords(noticed: Noticed): string {
  if (noticed.by === 'part') return `noticed by ${noticed.part}`;
  return noticed.by === 'teardown' ? 'noticed in the end' : 'NOTICED BY NOBODY';
}
