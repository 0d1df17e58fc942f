// The negative control: a step that nobody checks can be passed over, and nothing goes red. Each part is left out once, and that must be noticed.
import { createHash } from 'node:crypto';
import { agrees, align, ELLIPSIS } from './align.ts';
import { partDigests, type Lab, type Part, type Recorded, type Recording } from './lab.ts';
import type { LabWithRecording } from './labs.ts';
import type { Finding, Noticed } from './results.ts';
import type { LabRun } from './run.ts';

/** Whether a part's own check goes red without its commands: it is to print something, or to end with another status than 0. */
export function showsItself(part: Part, recorded: Recorded | undefined): boolean {
  return (
    part.exit !== 0 ||
    (recorded?.endsIn ?? ELLIPSIS) !== ELLIPSIS ||
    part.restarts ||
    !agrees(align(recorded?.output ?? '', ''))
  );
}

/** Without a part the later ones may take so much longer, and so many times as long, as with it; what waits for something in vain waits no longer. */
const LONGER_S = 15;
const TIMES_AS_LONG = 5;

/**
 * `lab` as of a reader who passes over the part `name`. `took` says how many milliseconds its parts took with it, and `factor` how many times
 * their budgets they may take.
 */
export function leftOut(lab: Lab, name: string, took: ReadonlyMap<string, number>, factor: number): Lab {
  const budgetOf = (part: Part): number => {
    const ms = took.get(part.name);
    if (ms === undefined) return part.budget;
    return Math.min(part.budget, Math.ceil((LONGER_S + (TIMES_AS_LONG * ms) / 1000) / factor));
  };
  return {
    ...lab,
    parts: lab.parts.map((part) => ({
      ...part,
      budget: budgetOf(part),
      ...(part.name === name ? { commands: ':', runs: ':', restarts: false } : {}),
    })),
  };
}

/** What noticed it in a run without `part`. */
export function noticed(part: Part, { failure, leftovers }: Pick<LabRun, 'failure' | 'leftovers'>): Noticed {
  if (failure) return { by: 'part', part: failure.part.name };
  return leftovers.length > 0 ? { by: 'teardown' } : { by: 'nobody', reason: part.unchecked ?? '' };
}

/**
 * The digest of all that a finding rests on: of the part that noticed, which is one of all parts before it, too. What only the end of the lab
 * told rests on the whole lab.
 */
export function restsOn(lab: Lab, recording: Recording, part: string, noticed: Noticed): string {
  const digests = partDigests(lab, recording);
  if (noticed.by === 'itself') return digests.get(part) ?? '';
  if (noticed.by === 'part') return digests.get(noticed.part) ?? '';
  const last = digests.get(lab.parts.at(-1)?.name ?? '') ?? '';
  if (!lab.restore) return last;
  return createHash('sha256').update(`${last} ${lab.restore.commands}`).digest('hex');
}

/** What is known of `labs` without a run: `at` a time, which of their parts show by themselves that they are left out. */
export function byThemselves(labs: readonly LabWithRecording[], at: string): Finding[] {
  const noticed = { by: 'itself' } as const;
  return labs.flatMap(({ lab, recording }) =>
    lab.parts
      .filter((part) => showsItself(part, recording.get(part.name)))
      .map(({ name }) => ({
        ...{ lab: lab.id, part: name, at, noticed },
        digest: restsOn(lab, recording, name, noticed),
      })),
  );
}

/**
 * Of `findings`, for each part of `labs` the latest one that was found of the lab as it is now, in the order of the labs. The reason why nobody
 * misses a part is the one its lab gives now.
 */
export function stillStands(labs: readonly LabWithRecording[], findings: readonly Finding[]): Finding[] {
  return labs.flatMap(({ lab, recording }) =>
    lab.parts.flatMap(({ name, unchecked }) => {
      const [latest] = findings
        .filter((one) => one.lab === lab.id && one.part === name)
        .filter(({ noticed, digest }) => restsOn(lab, recording, name, noticed) === digest)
        .sort((a, b) => (a.at < b.at ? 1 : -1));
      if (!latest) return [];
      if (latest.noticed.by !== 'nobody') return [latest];
      return [{ ...latest, noticed: { by: 'nobody', reason: unchecked ?? '' } as const }];
    }),
  );
}
