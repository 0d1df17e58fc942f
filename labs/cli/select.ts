// Which labs somebody means.
import type { LabWithRecording } from '../runner/labs.ts';

/** Those of `all` that are called as one of `names`, or in a chapter called so; all without names. @throws Error that lists what there is. */
export function select(
  all: readonly LabWithRecording[],
  names: readonly string[],
): readonly LabWithRecording[] {
  for (const name of names) {
    if (!all.some(({ lab }) => lab.id === name || lab.id.startsWith(`${name}/`))) {
      throw new Error(`no lab '${name}'; there are ${all.map(({ lab }) => lab.id).join(', ')}`);
    }
  }
  if (names.length === 0) return all;
  return all.filter(({ lab }) => names.some((name) => lab.id === name || lab.id.startsWith(`${name}/`)));
}
