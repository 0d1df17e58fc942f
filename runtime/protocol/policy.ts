// Policies: what may run at and below a path.
import { optional, sequence, sequenceOf } from './der/compose.ts';
import type { Of } from './der/codec.ts';
import { integer, limit, text } from './der/primitives.ts';

export const cpuid = integer('CPU', 0, 0xffff);

export const policy = sequence('policy', {
  cpuids: sequenceOf('CPUs', cpuid),
  /** How many; Infinity where nobody limits them. */
  unikernels: limit('unikernels'),
  /** MB, of all of them. */
  memory: limit('memory'),
  /** MB, of all block devices. Absent: none may be made. */
  block: optional(limit('block')),
  /** Interfaces of the host that unikernels may be joined to. */
  bridges: sequenceOf('bridges', text('bridge')),
});

export type Policy = Of<typeof policy>;

/** Clocks differ: a certificate is valid from so many milliseconds before it was issued. Ours and Albatross's are. */
export const VALID_BEFORE_MS = 10_000;

const subset = <T>(some: readonly T[], all: readonly T[]): T | undefined =>
  some.find((one) => !all.includes(one));

/** Why `sub` allows something that `above` does not; undefined where it allows no more. */
export function exceeds(sub: Policy, above: Policy): string | undefined {
  const more = (what: string, wanted: number, allowed: number, unit = ''): string | undefined =>
    wanted > allowed ? `${what}: ${wanted}${unit}, of ${allowed}${unit} allowed` : undefined;
  const cpu = subset(sub.cpuids, above.cpuids);
  const bridge = subset(sub.bridges, above.bridges);
  return (
    more('unikernels', sub.unikernels, above.unikernels) ??
    more('memory', sub.memory, above.memory, ' MB') ??
    (cpu === undefined ? undefined : `CPU ${cpu} is not allowed`) ??
    (bridge === undefined ? undefined : `bridge ${bridge} is not allowed`) ??
    (sub.block === undefined
      ? undefined
      : above.block === undefined
        ? 'block devices are not allowed'
        : more('block devices', sub.block, above.block, ' MB'))
  );
}

/** Whether both allow the same. */
export function isSame(a: Policy, b: Policy): boolean {
  return exceeds(a, b) === undefined && exceeds(b, a) === undefined;
}
