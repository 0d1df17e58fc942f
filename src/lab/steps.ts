// How far a reader is with a lab: what was done, what was left out, what has been edited since. Pure.
import type { PartState } from '../../labs/server/protocol.ts';

/** A part as the page shows it. */
export interface Step {
  readonly name: string;
  /** From 1, in the lab. */
  readonly number: number;
  readonly digest: string;
}

export type Mark =
  | { readonly kind: 'none' }
  /** `here`: in the machine there is. */
  | { readonly kind: 'passed' | 'failed'; readonly at: string | undefined; readonly here: boolean }
  | { readonly kind: 'skipped' }
  /** It was done, as it was before somebody edited it or a part before it. */
  | { readonly kind: 'edited' };

/** What is noted of a lab's parts, by name. */
export type Notes = ReadonlyMap<string, PartState>;

export function mark({ name, digest }: Step, notes: Notes): Mark {
  const note = notes.get(name);
  if (!note || note.state === 'none') return { kind: 'none' };
  if (note.state === 'skipped') return { kind: 'skipped' };
  if (note.digest !== digest) return { kind: 'edited' };
  return { kind: note.state, at: note.at, here: note.here === true };
}

export function isDone(step: Step, notes: Notes): boolean {
  return mark(step, notes).kind === 'passed';
}

/** The first step that is not done. */
export function nextStep(steps: readonly Step[], notes: Notes): Step | undefined {
  return steps.find((step) => !isDone(step, notes));
}

/** The numbers of the steps before `step` that went well, but not in the machine there is, or not at all. */
export function notHere(step: Step, steps: readonly Step[], notes: Notes): number[] {
  return steps
    .filter(({ number }) => number < step.number)
    .filter((one) => {
      const its = mark(one, notes);
      return !('here' in its && its.here);
    })
    .map(({ number }) => number);
}

/** Whether the machine there is has all of the lab behind it that comes before `part`. */
export function isThere(part: string, notes: Notes): boolean {
  for (const [name, { here }] of notes) {
    if (name === part) return true;
    if (here !== true) return false;
  }
  return false;
}

/** Numbers in words, runs of them by their ends: `steps 1 to 4 and 7`. */
export function stepsInWords(numbers: readonly number[]): string {
  const runs: number[][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.at(-1) === number - 1) run.push(number);
    else runs.push([number]);
  }
  const words = runs.flatMap((run) =>
    run.length > 2 ? [`${run[0]} to ${run.at(-1)}`] : run.map((number) => `${number}`),
  );
  const last = words.pop() ?? '';
  const list = words.length === 0 ? last : `${words.join(', ')} and ${last}`;
  return `${numbers.length === 1 ? 'step' : 'steps'} ${list}`;
}
