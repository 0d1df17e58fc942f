// The negative control: a step that nobody checks can be passed over, and nothing goes red. Each part is left out once, and that must be noticed.
import { agrees, align, ELLIPSIS } from './align.ts';
import type { Lab, Part, Recorded } from './lab.ts';
import type { Noticed } from './results.ts';
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

/** `lab` as of a reader who passes over the part `name`. */
export function leftOut(lab: Lab, name: string): Lab {
  return {
    ...lab,
    parts: lab.parts.map((part) =>
      part.name === name ? { ...part, commands: ':', runs: ':', restarts: false } : part,
    ),
  };
}

/** What noticed it in a run without `part`. */
export function noticed(part: Part, { failure, leftovers }: Pick<LabRun, 'failure' | 'leftovers'>): Noticed {
  if (failure) return { by: 'part', part: failure.part.name };
  return leftovers.length > 0 ? { by: 'teardown' } : { by: 'nobody', reason: part.unchecked ?? '' };
}
