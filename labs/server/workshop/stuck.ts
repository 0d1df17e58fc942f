// Who may want help: judged by what is known of how they get on, and nothing else.
import type { Stuck } from './protocol.ts';

const MINUTE_MS = 60_000;
export const FAILED_TIMES = 3;
export const FAILED_MS = 2 * MINUTE_MS;
export const IDLE_MS = 10 * MINUTE_MS;

/** Times are milliseconds since 1970. */
export interface Facts {
  /** How many of their pages are open. */
  readonly pages: number;
  /** Whether parts of the open lab are left, or no lab is open yet. */
  readonly left: boolean;
  /** Their machine is on its way, which is not their doing. */
  readonly comes: boolean;
  /** The part that failed and has not passed since. */
  readonly failure?: { readonly times: number; readonly since: number } | undefined;
  /** The part that runs, and how long it may take. */
  readonly running?: { readonly since: number; readonly budgetMs: number } | undefined;
  /** When they last came a step further: a part ended, a lab was opened, they joined. */
  readonly movedAt: number;
}

export function stuck({ pages, left, comes, failure, running, movedAt }: Facts, now: number): Stuck | null {
  // Who is not there is not stuck, but a part may be.
  if (running && now - running.since > running.budgetMs) return 'slow';
  if (pages === 0) return null;
  if (failure && (failure.times >= FAILED_TIMES || now - failure.since >= FAILED_MS)) return 'failed';
  if (!running && !comes && left && now - movedAt >= IDLE_MS) return 'idle';
  return null;
}
