// What this browser remembers of a reader's steps, so that they are marked on every page before, and without, opening its lab.
import type { PartState } from '../../labs/server/protocol.ts';
import type { Notes } from './steps.ts';
import { keep, recall } from './storage.ts';

type Progress = Record<string, readonly PartState[]>;

function read(): Progress {
  try {
    const kept: unknown = JSON.parse(recall('progress') ?? '{}');
    return kept !== null && typeof kept === 'object' ? (kept as Progress) : {};
  } catch {
    return {};
  }
}

export function rememberedNotes(lab: string): Notes {
  const parts = read()[lab];
  return new Map(Array.isArray(parts) ? parts.map((part: PartState) => [part.part, part]) : []);
}

/** What the server says, and what it no longer says: that a step was done as it was before it was edited. */
export function mergeNotes(known: Notes, told: readonly PartState[]): Notes {
  return new Map(
    told.map((now): [string, PartState] => {
      const was = known.get(now.part);
      const edited = was && (was.state === 'passed' || was.state === 'failed') && was.digest !== now.digest;
      return [now.part, edited && !now.at ? was : now];
    }),
  );
}

/** Keeps what is known of a lab, but not which machine it was: that one may be gone when it is read. */
export function rememberNotes(lab: string, notes: Notes): void {
  const done = [...notes.values()]
    .filter(({ state }) => state !== 'none')
    .map(({ part, digest, state, at }) => ({ part, digest, state, ...(at !== undefined && { at }) }));
  keep('progress', JSON.stringify({ ...read(), [lab]: done }));
}
