// Where a lab can be gone on with: machines frozen after its parts (vm/states.ts), found by what those parts are.
import type { Machine } from '../vm/machine.ts';
import type { Snapshot } from '../vm/snapshot.ts';
import { findState, keepState } from '../vm/states.ts';
import { partDigests, type Lab, type Recording } from './lab.ts';
import type { Met } from './parts.ts';

/** A point in a lab, before one of its parts. */
export interface Standing {
  /** What a machine there starts from. */
  readonly snapshot: Snapshot;
  /** How many parts have run. */
  readonly done: number;
  /** What the names of placeholders stand for by then, of the parts that met them. */
  readonly met: Met;
}

/**
 * The nearest point not after `part` of `lab` that is kept, at worst the beginning. Whoever starts there runs the parts from `done` up to
 * `part`, if there are any, and may then `keepStanding`.
 */
export async function stateBefore(
  lab: Lab,
  recording: Recording,
  part: string,
  snapshot: Snapshot,
): Promise<Standing> {
  const digests = partDigests(lab, recording);
  // Two machines cannot be frozen at one and the same point, and a link is in no snapshot.
  if (lab.machines.length > 1) return { snapshot, done: 0, met: [] };
  for (let done = lab.parts.findIndex(({ name }) => name === part); done > 0; done--) {
    const state = await findState(snapshot, digests.get(lab.parts[done - 1]?.name ?? '') ?? '');
    if (state) return { snapshot: state.snapshot, done, met: state.notes as Met };
  }
  return { snapshot, done: 0, met: [] };
}

/** Keeps `machine` as the state in which `part` of `lab` comes next. The first part needs none: every machine begins there. */
export async function keepStanding(
  machine: Machine,
  lab: Lab,
  recording: Recording,
  part: string,
  met: Met,
): Promise<void> {
  const done = lab.parts.findIndex(({ name }) => name === part);
  const last = lab.parts[done - 1];
  if (last && lab.machines.length === 1)
    await keepState(machine, partDigests(lab, recording).get(last.name) ?? '', met);
}
