// What can honestly be said about a part: when it last ran, or why its last run says nothing about what is on the page.
import type { Results } from '../../labs/runner/results.ts';

/** A run of what is on the page. */
export interface Run {
  readonly state: 'passed' | 'failed';
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly commit: string;
  /** Files differed from that commit. */
  readonly dirty: boolean;
  readonly durationMs: number;
  /** Null when it was ended at its time limit. */
  readonly exit: number | null;
  /** What it printed, as it printed it. */
  readonly transcript: string;
  /** Of everything the VM was built from. */
  readonly machine: string;
  readonly qemu: string;
  /** The VM's processor was emulated, so it took longer than it does for a reader with KVM. */
  readonly emulated: boolean;
}

export type Evidence =
  | Run
  /** Nobody has run it. */
  | { readonly state: 'never' }
  /** It ran, but it, its output or a part before it has been edited since. */
  | { readonly state: 'edited' };

/**
 * The evidence for part `name` of lab `id`, whose digest is now `digest`: of the first of `runs` that ran it as it is now. A run
 * of one lab says nothing about the others, so what an earlier one showed of them stands.
 */
export function evidenceOf(runs: readonly Results[], id: string, name: string, digest: string): Evidence {
  let edited = false;
  for (const results of runs) {
    const lab = results.labs.find((one) => one.lab === id);
    const part = lab?.parts.find((one) => one.part === name);
    if (!lab || !part || part.outcome === 'not-run') continue;
    if (part.digest !== digest) {
      edited = true;
      continue;
    }
    return {
      state: part.outcome,
      at: lab.startedAt,
      commit: results.commit,
      dirty: results.dirty,
      durationMs: part.durationMs,
      exit: part.exit,
      transcript: part.transcript,
      machine: results.vm.digest,
      qemu: results.vm.qemu,
      emulated: results.vm.accelerator === 'tcg',
    };
  }
  return { state: edited ? 'edited' : 'never' };
}
