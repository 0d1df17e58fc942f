// Whether a unikernel that ended is started again, and when.
import type { Config } from '../protocol/config.ts';
import type { Ended } from './ended.ts';

/**
 * Statuses after which a unikernel is never started again where it is not asked for by number: the next run would end the same way. 1, 60 to 63 are the
 * tender's and the unikernel's own refusals, 64 is an argument it does not know (sysexits(3)), and 123, 125 are what cmdliner ends with at errors.
 */
const HOPELESS: ReadonlySet<number> = new Set([1, 60, 61, 62, 63, 64, 123, 125]);

/** An argument it does not know; 124 is cmdliner's word for it. */
const UNKNOWN_ARGUMENT: ReadonlySet<number> = new Set([64, 124]);

/** First wait, and the longest. */
const WAIT_MS = 500;
const WAIT_MAX_MS = 5 * 60_000;
/** So long a run was a good one: the next failure is the first again. */
const GOOD_RUN_MS = 10 * 60_000;
/** Failures in a row after which it is left alone: with the waits above, after some 40 minutes. */
export const FAILURES_MAX = 16;

/**
 * Whether a unikernel is to be started again without its name for an argument: it was given one, and says it does not know an argument.
 * Images of before MirageOS 4.10 do not know --name.
 */
export function withoutName(addName: boolean, ended: Ended): boolean {
  return addName && 'status' in ended && UNKNOWN_ARGUMENT.has(ended.status);
}

/** Whether it is to be started again as it was. One that was ended by a signal was ended by somebody. */
export function again(behaviour: Config['failBehaviour'], ended: Ended): boolean {
  if (behaviour.kind === 'quit' || 'signal' in ended) return false;
  const { status } = ended;
  if (HOPELESS.has(status)) return false;
  return behaviour.value.length === 0 || behaviour.value.includes(status);
}

/** Failures in a row, this one among them, after a run of `ranMs`. */
export function failures(before: number, ranMs: number): number {
  return ranMs >= GOOD_RUN_MS ? 1 : before + 1;
}

/** Milliseconds to wait after the `n`th failure in a row, from 1 on: each twice the one before, and up to a tenth more by `random`, from 0 to 1. */
export function wait(n: number, random: number): number {
  const base = Math.min(WAIT_MAX_MS, WAIT_MS * 2 ** (n - 1));
  return Math.round(base * (1 + random / 10));
}
