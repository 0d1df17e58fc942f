// Whether something may be made: what the policies above it allow, and what of that is left. Each answer is a reason, with the policy it comes from, or
// undefined where nothing is in the way.
import { formatName, ROOT, type Name } from '../protocol/name.ts';
import { exceeds, type Policy } from '../protocol/policy.ts';
import {
  blockOf,
  changed,
  pathsTo,
  userOf,
  within,
  type Block,
  type Table,
  type Unikernel,
} from './table.ts';

/** What is in use at and below a path. */
export interface Usage {
  readonly unikernels: number;
  /** MB. */
  readonly memory: number;
  /** MB. */
  readonly block: number;
}

export function usage(table: Table, path: Name): Usage {
  const unikernels = within(table.unikernels, path);
  return {
    unikernels: unikernels.length,
    memory: unikernels.reduce((sum, { config }) => sum + config.memory, 0),
    block: within(table.blocks, path).reduce((sum, { size }) => sum + size, 0),
  };
}

/** Whose limits count for what is named so: every path's above it; or, as Albatross has it, only its own's. */
export type Reach = 'ancestors' | 'own';

interface Limit {
  readonly path: Name;
  readonly policy: Policy;
}

function limits(table: Table, name: Name, reach: Reach): Limit[] {
  const paths = reach === 'ancestors' ? pathsTo(name).reverse() : [{ path: name.path }];
  return paths.flatMap((path) => {
    const policy = table.policies.get(formatName(path));
    return policy ? [{ path, policy }] : [];
  });
}

/** The first of `limits` that something exceeds, as people are told it. */
function refusal(limited: readonly Limit[], why: (limit: Limit) => string | undefined): string | undefined {
  for (const limit of limited) {
    const cause = why(limit);
    if (cause !== undefined) return `policy of ${formatName(limit.path)} ${cause}`;
  }
  return undefined;
}

const more = (
  what: string,
  used: number,
  wanted: number,
  allowed: number,
  unit: string,
): string | undefined =>
  used + wanted > allowed
    ? `allows ${allowed}${unit} of ${what}: ${used}${unit} in use, ${wanted}${unit} more wanted`
    : undefined;

function exceeded(table: Table, config: Unikernel['config'], { path, policy }: Limit): string | undefined {
  const used = usage(table, path);
  const cpu = config.cpuids.find((id) => !policy.cpuids.includes(id));
  const bridge = config.bridges.find(({ name, bridge: host }) => !policy.bridges.includes(host ?? name));
  return (
    more('unikernels', used.unikernels, 1, policy.unikernels, '') ??
    more('memory', used.memory, config.memory, policy.memory, ' MB') ??
    (cpu === undefined ? undefined : `does not allow CPU ${cpu}; it allows ${policy.cpuids.join(', ')}`) ??
    (bridge === undefined
      ? undefined
      : `does not allow bridge ${bridge.bridge ?? bridge.name}; ${path.path.length === 0 ? 'the host has' : 'it allows'} ${policy.bridges.join(', ') || 'none'}`)
  );
}

/** Why no unikernel `name` may be made of `config`; undefined where it may. */
export function mayCreate(
  table: Table,
  name: Name,
  config: Unikernel['config'],
  reach: Reach = 'ancestors',
): string | undefined {
  if (table.unikernels.has(formatName(name))) return 'Unikernel with same name is already running';
  for (const device of config.blocks) {
    const block = blockOf(name, device);
    if (!table.blocks.has(formatName(block))) return `block device ${formatName(block)}: there is none`;
    const user = userOf(table, block);
    if (user) return `block device ${formatName(block)}: ${formatName(user.name)} uses it`;
  }
  return refusal(limits(table, name, reach), (limit) => exceeded(table, config, limit));
}

/** The same for one that takes the place of another of that name. */
export function mayReplace(
  table: Table,
  name: Name,
  config: Unikernel['config'],
  reach: Reach = 'ancestors',
): string | undefined {
  const unikernels = changed(table.unikernels, formatName(name), undefined);
  return mayCreate({ ...table, unikernels }, name, config, reach);
}

/** Why no block device `name` of `size` MB may be made. */
export function mayAddBlock(
  table: Table,
  { name, size }: Block,
  reach: Reach = 'ancestors',
): string | undefined {
  if (table.blocks.has(formatName(name))) return 'block device with same name already exists';
  return refusal(limits(table, name, reach), ({ path, policy }) =>
    policy.block === undefined
      ? 'allows no block devices'
      : more('block devices', usage(table, path).block, size, policy.block, ' MB'),
  );
}

/** Why `policy` may not be that of `path`: it allows more than one above, less than one below, or less than is in use. */
export function mayHavePolicy(table: Table, path: Name, policy: Policy): string | undefined {
  const own = formatName(path);
  // The root's is what the host has; it is nobody's grant, and limits nobody's.
  const above = refusal(
    limits(table, path, 'ancestors').filter(
      (limit) => ![own, formatName(ROOT)].includes(formatName(limit.path)),
    ),
    (limit) => {
      const cause = exceeds(policy, limit.policy);
      return cause === undefined ? undefined : `is exceeded: ${cause}`;
    },
  );
  if (above !== undefined) return above;
  for (const [below, granted] of table.policies) {
    const cause = below !== own && below.startsWith(own) ? exceeds(granted, policy) : undefined;
    if (cause !== undefined) return `policy of ${below} would exceed it: ${cause}`;
  }
  const { unikernels, memory, block } = usage(table, path);
  const running = within(table.unikernels, path);
  const cpu = running.flatMap(({ config }) => config.cpuids).find((id) => !policy.cpuids.includes(id));
  const bridge = running
    .flatMap(({ config }) => config.bridges.map((device) => device.bridge ?? device.name))
    .find((name) => !policy.bridges.includes(name));
  const less = (what: string, used: number, allowed: number, unit: string): string | undefined =>
    used > allowed ? `${used}${unit} of ${what} are in use already` : undefined;
  return (
    less('unikernels', unikernels, policy.unikernels, '') ??
    less('memory', memory, policy.memory, ' MB') ??
    less('block devices', block, policy.block ?? 0, ' MB') ??
    (cpu === undefined ? undefined : `CPU ${cpu} is in use already`) ??
    (bridge === undefined ? undefined : `bridge ${bridge} is in use already`)
  );
}
