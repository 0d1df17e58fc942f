// What can honestly be said about a part: when it last ran, or why its last run says nothing about what is on the page.
import type { Results } from '../../labs/runner/results.ts';

export type Evidence =
  /** Nobody has run it. */
  | { readonly state: 'never' }
  /** It ran, but it, its output or a part before it has been edited since. */
  | { readonly state: 'edited' }
  | {
      readonly state: 'passed' | 'failed';
      /** RFC 3339, UTC. */
      readonly at: string;
      readonly commit: string;
      /** Files differed from that commit. */
      readonly dirty: boolean;
      readonly durationMs: number;
      /** The VM's processor was emulated, so it took longer than it does for a reader with KVM. */
      readonly emulated: boolean;
    };

/** The evidence for part `name` of lab `id`, whose digest is now `digest`. */
export function evidenceOf(results: Results | undefined, id: string, name: string, digest: string): Evidence {
  const lab = results?.labs.find((one) => one.lab === id);
  const part = lab?.parts.find((one) => one.part === name);
  if (!results || !lab || !part || part.outcome === 'not-run') return { state: 'never' };
  if (part.digest !== digest) return { state: 'edited' };
  return {
    state: part.outcome,
    at: lab.startedAt,
    commit: results.commit,
    dirty: results.dirty,
    durationMs: part.durationMs,
    emulated: results.vm.accelerator === 'tcg',
  };
}
