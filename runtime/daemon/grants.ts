// Policies that come with certificates. Who holds an old certificate can present it for as long as it is valid, so what counts is not which came last
// but which was issued last: a limit that was lowered stays low, whoever comes with what it was before.
import { exceeds, VALID_BEFORE_MS, type Policy } from '../protocol/policy.ts';
import { formatName, type Name } from '../protocol/name.ts';
import { pathsTo, type Standing, type Table } from './table.ts';

/** The narrower of both in everything. */
function meet(a: Policy, b: Policy): Policy {
  const block = a.block === undefined || b.block === undefined ? undefined : Math.min(a.block, b.block);
  return {
    cpuids: a.cpuids.filter((id) => b.cpuids.includes(id)),
    unikernels: Math.min(a.unikernels, b.unikernels),
    memory: Math.min(a.memory, b.memory),
    ...(block === undefined ? {} : { block }),
    bridges: a.bridges.filter((bridge) => b.bridges.includes(bridge)),
  };
}

/** Why `policy` is more than a path above `path` has to give. What the host has limits at create, and nobody was granted it. */
export function beyond(table: Table, path: Name, policy: Policy): string | undefined {
  for (const above of pathsTo(path).slice(1, -1)) {
    const standing = table.policies.get(formatName(above));
    const cause = standing && exceeds(policy, standing);
    if (cause !== undefined)
      return `policy of ${formatName(path)} is more than policy of ${formatName(above)} allows: ${cause}; have its certificate issued anew`;
  }
  return undefined;
}

/**
 * `policy`, as a person sets it at `now`: dated as a certificate would be that is issued then, whose validity begins earlier and in a whole second. By
 * the clock itself what is issued in the seconds after would pass for older.
 */
export function decided(policy: Policy, now: number): Standing {
  return { ...policy, issued: new Date(Math.floor((now - VALID_BEFORE_MS) / 1000) * 1000) };
}

/**
 * What the policy of a path is after a certificate was presented that says `policy` and was issued at `issued`. Unlike one that a person sets here it
 * may be less than what is in use, or than what is granted below: it limits what comes, and nothing that runs is ended.
 */
export function granted(standing: Standing | undefined, policy: Policy, issued: Date): Standing {
  const since = standing?.issued?.getTime() ?? -Infinity;
  if (!standing || issued.getTime() > since) return { ...policy, issued };
  // Certificates count seconds. Of two of the same second nobody can say which was last.
  return issued.getTime() === since ? { ...meet(standing, policy), issued } : standing;
}
