// How often parts pass, counted over as many runs as there were of a lab as it is now: twenty runs of all labs need not be one.
import { partDigests } from './lab.ts';
import type { LabWithRecording } from './labs.ts';
import type { Ledger, LabResult } from './results.ts';

/** What `before` has counted of `labs` as they are now, and `results` on top. A part that did not come to its turn did not run. */
export function tally(
  labs: readonly LabWithRecording[],
  before: Ledger['labs'],
  results: readonly LabResult[],
): Ledger['labs'] {
  return labs.map(({ lab, recording }) => {
    const digests = partDigests(lab, recording);
    const known = before.filter((one) => one.lab === lab.id).flatMap(({ parts }) => parts);
    const ran = results.filter((result) => result.lab === lab.id).flatMap(({ parts }) => parts);
    return {
      lab: lab.id,
      parts: lab.parts.map(({ name: part }) => {
        const digest = digests.get(part) ?? '';
        const isIt = (one: { readonly part: string; readonly digest: string }): boolean =>
          one.part === part && one.digest === digest;
        const counted = known.find(isIt);
        const outcomes = ran.filter((one) => isIt(one) && one.outcome !== 'not-run');
        const passed = outcomes.filter(({ outcome }) => outcome === 'passed').length;
        return {
          ...{ part, digest },
          runs: (counted?.runs ?? 0) + outcomes.length,
          passed: (counted?.passed ?? 0) + passed,
        };
      }),
    };
  });
}
