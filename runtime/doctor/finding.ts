// One thing that doctor says.
import { CAUSES, type CauseName } from './causes.ts';

/**
 * `limited`: something works only in part, and the rest goes on. `failed`: it does not work until that is mended. `unseen`: it could not be looked
 * at, mostly for want of root.
 */
export const GRADES = ['ok', 'limited', 'failed', 'unseen'] as const;
export type Grade = (typeof GRADES)[number];

export interface Finding {
  /** The check of the host, or the hop of the packet's way. */
  readonly check: string;
  readonly grade: Grade;
  readonly says: string;
  readonly cause?: CauseName;
  /** A line for the shell that mends it, as it stands. */
  readonly remedy?: string;
  /** What to do where no line for the shell does it. */
  readonly advice?: string;
  /** The page of the handbook, from the site's root. */
  readonly page?: string;
}

export const ok = (check: string, says: string): Finding => ({ check, grade: 'ok', says });

export const unseen = (check: string, says: string, remedy: string): Finding => ({
  ...{ check, grade: 'unseen', says, remedy },
});

/** What to do: a command, or words. */
export type Cure = { readonly remedy: string } | { readonly advice: string };

export const failed = (cause: CauseName, says: string, cure: Cure): Finding => ({
  ...{ check: CAUSES[cause].check, grade: 'failed', says, cause, ...cure, page: CAUSES[cause].page },
});

export const limited = (cause: CauseName, says: string, cure: Cure): Finding => ({
  ...failed(cause, says, cure),
  grade: 'limited',
});

/** Where the packet is lost: the first hop that failed. */
export function lostAt(findings: readonly Finding[]): string | undefined {
  return findings.find(({ grade }) => grade === 'failed')?.check;
}
