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
  /** It took more than half of its time limit. */
  readonly slow: boolean;
}

export type Evidence =
  | Run
  /** Nobody has run it. */
  | { readonly state: 'never' }
  /** It ran, but it, its output, a part before it or an image of the VM is another since. */
  | { readonly state: 'edited' };

/**
 * The evidence for part `name` of lab `id`, whose digest is now `digest`, where the VM would have `images`: of the first of `runs` that ran it as it is now. A run
 * of one lab says nothing about the others, so what an earlier one showed of them stands.
 */
export function evidenceOf(
  runs: readonly Results[],
  id: string,
  name: string,
  digest: string,
  images: Results['images'],
): Evidence {
  let edited = false;
  for (const results of runs) {
    const lab = results.labs.find((one) => one.lab === id);
    const part = lab?.parts.find((one) => one.part === name);
    if (!lab || !part || part.outcome === 'not-run') continue;
    if (part.digest !== digest || !sameImages(results.images, images)) {
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
      slow: part.slow ?? false,
    };
  }
  return { state: edited ? 'edited' : 'never' };
}

/** sha256 by file name: any part may run any image, so one that was built anew leaves nothing verified. */
function sameImages(a: Results['images'], b: Results['images']): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}
