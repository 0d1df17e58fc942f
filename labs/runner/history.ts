// The last runs of each part that were published: short enough to be kept with the project, long enough to show what wavers.
import type { Results } from './results.ts';

/** Of each part. */
const KEPT = 10;

export interface PastRun {
  readonly at: string;
  readonly commit: string;
  readonly outcome: 'passed' | 'failed';
  readonly durationMs: number;
}

export interface History {
  readonly version: 1;
  /** By `<chapter>/<lab>#<part>`; the last run is the last. */
  readonly parts: Readonly<Record<string, readonly PastRun[]>>;
}

/** `history` with the runs of `results` behind the others. Parts that are no more go, and of each the oldest runs. */
export function remembered(history: History | undefined, results: Results): History {
  const parts: Record<string, readonly PastRun[]> = {};
  for (const { lab, startedAt, parts: ran } of results.labs) {
    for (const { part, outcome, durationMs } of ran) {
      const name = `${lab}#${part}`;
      const before = history?.parts[name] ?? [];
      const now: PastRun[] =
        outcome === 'not-run' ? [] : [{ at: startedAt, commit: results.commit, outcome, durationMs }];
      parts[name] = [...before, ...now].slice(-KEPT);
    }
  }
  return { version: 1, parts };
}
