// The negative control: each part is left out once. A lab runs whole, and is gone on with from each point where that takes a machine to tell.
// What was found stands until the lab is another one, so it can be found a few labs at a time.
import { VmError } from '../vm/errors.ts';
import { leftOut, noticed, restsOn, showsItself, stillStands } from '../runner/control.ts';
import type { Lab, Part } from '../runner/lab.ts';
import type { LabWithRecording } from '../runner/labs.ts';
import { failureReport, leftoversReport } from '../runner/report.ts';
import type { Finding, Noticed } from '../runner/results.ts';
import { budgetFactor, runLab, type LabRun } from '../runner/run.ts';
import { stateBefore } from '../runner/states.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import { earlier } from './evidence.ts';
import type { Handbook } from './handbook.ts';
import type { Asked } from './options.ts';
import { host, inTurn, lasted, longestFirst, shuffled, takes } from './queue.ts';

/**
 * Leaves out parts: `sample` of them by chance, or all; of those that `known` tells of none where only the untried are asked for. What is
 * known without a run takes none. `failed` says of which labs nothing could be told, and why.
 */
export async function control(
  handbook: Handbook,
  labs: readonly LabWithRecording[],
  snapshot: Snapshot,
  known: readonly Finding[],
  { jobs, sample, seed, untried }: Asked,
): Promise<{ readonly parts: readonly Finding[]; readonly failed: readonly string[] }> {
  const tried = new Set(untried ? known.map(({ lab, part }) => `${lab} ${part}`) : []);
  const all = labs
    .flatMap(({ lab }) => lab.parts.map(({ name }) => `${lab.id} ${name}`))
    .filter((part) => !tried.has(part));
  const chosen = new Set(shuffled(all, seed, (name) => name).slice(0, sample));
  const failed: string[] = [];
  const parts = await inTurn(
    longestFirst(labs, await lasted(handbook, snapshot.accelerator.name)),
    host(jobs),
    async (one): Promise<Finding[]> => {
      const { lab, recording } = one;
      const asked = lab.parts.filter(({ name }) => chosen.has(`${lab.id} ${name}`));
      const silent = asked.filter((part) => !showsItself(part, recording.get(part.name)));
      // One machine that fails takes nothing from what others have told.
      const found = await controlOf(one, snapshot, silent).catch((error: unknown) => {
        if (!(error instanceof VmError)) throw error;
        failed.push(`${lab.file}: ${error.message}`);
        return undefined;
      });
      if (!found) return [];
      const at = new Date().toISOString();
      return asked.map((part) => {
        const noticed = found.get(part) ?? ({ by: 'itself' } as const);
        const digest = restsOn(lab, recording, part.name, noticed);
        return { lab: lab.id, part: part.name, digest, at, noticed };
      });
    },
    takes,
  );
  return { failed, parts: parts.flat() };
}

/** What was found before of `labs` as they are now, here or wherever the published evidence is from. */
export async function foundBefore(
  handbook: Handbook,
  labs: readonly LabWithRecording[],
): Promise<readonly Finding[]> {
  return (await earlier(handbook, 'control')).flatMap(({ parts }) => stillStands(labs, parts));
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
  const last = silent.find((part) => leavesNothingElse(lab, part));
  const tried = silent.filter((part) => part !== last);
  const whole = await runLab(lab, recording, snapshot, {
    ...options,
    beforeLast: last !== undefined,
    keepBefore: (part) => tried.includes(part),
  });
  if (whole.failure) {
    console.error(failureReport(whole, whole.failure, []));
    throw new VmError('it does not pass as it is, so leaving out a part tells nothing');
  }
  if (whole.leftovers.length > 0) console.error(leftoversReport(whole));
  const tell = (part: Part, { failure, leftovers }: Pick<LabRun, 'failure' | 'leftovers'>): void => {
    // What the lab leaves behind in any case tells nothing of the part.
    const more = leftovers.filter((line) => !whole.leftovers.includes(line));
    const by = noticed(part, { failure, leftovers: more });
    console.error(`${lab.id} without ${part.name}: ${inWords(by)}`);
    found.set(part, by);
  };
  const took = new Map(whole.result.parts.map(({ part, durationMs }) => [part, durationMs]));
  for (const part of tried) {
    const standing = await stateBefore(lab, recording, part.name, snapshot);
    const without = leftOut(lab, part.name, took, budgetFactor(snapshot));
    tell(part, await runLab(without, recording, snapshot, { ...options, standing }));
  }
  if (last) tell(last, { failure: undefined, leftovers: whole.withoutLast });
  return found;
}

/** Whether `lab` without `part` leaves just what there is before it: it is the last, and nothing is put back or stopped behind it. */
function leavesNothingElse(lab: Lab, part: Part): boolean {
  return part === lab.parts.at(-1) && !lab.restore && !lab.parts.some(({ ready }) => ready);
}

function inWords(noticed: Noticed): string {
  if (noticed.by === 'part') return `noticed by ${noticed.part}`;
  return noticed.by === 'teardown' ? 'noticed in the end' : 'NOTICED BY NOBODY';
}
