// What a unikernel may have of its host besides what its configuration says. Albatross knows nothing of it.
import { explicit, optional, sequence } from './der/compose.ts';
import type { Of } from './der/codec.ts';
import { integer } from './der/primitives.ts';

export const WEIGHT_MAX = 10_000;
/** Percent of one CPU: a thousand of them. */
export const CPU_MAX = 100_000;

export const limits = sequence('limits', {
  /** Of the time that several want, as against the others of its path; 100 where nothing is said (cgroup v2, cpu.weight). */
  cpuWeight: optional(explicit(0, integer('CPU weight', 1, WEIGHT_MAX))),
  /** Most of its time, in percent of one CPU; 200 are two. */
  cpuMax: optional(explicit(1, integer('CPU limit', 1, CPU_MAX))),
});
export type Limits = Of<typeof limits>;
