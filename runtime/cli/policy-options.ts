// A policy as command lines have it.
import type { Policy } from '../protocol/policy.ts';
import { CommandError, EXIT } from './errors.ts';

export const POLICY_OPTIONS = {
  unikernels: { type: 'string' },
  memory: { type: 'string' },
  cpu: { type: 'string' },
  block: { type: 'string' },
  bridge: { type: 'string', multiple: true },
} as const;

export const POLICY_HELP = `  --unikernels N      how many; required
  --memory N          MB, of all of them together; required
  --cpu N,N           CPUs they may use: 0,1 or 0-3; required
  --bridge NAME       a bridge they may be joined to; may be given several times
  --block N           MB of block devices (default: none may be made)
`;

function amount(option: string, value: string | undefined): number {
  if (value === undefined)
    throw new CommandError(EXIT.usage, `policy: no --${option} given; a policy says how much there may be`);
  if (!/^\d{1,12}$/.test(value))
    throw new CommandError(EXIT.usage, `option '--${option}': '${value}' is not a whole number`);
  return Number(value);
}

/** CPUs of `0,2-4`, in order. */
export function cpuList(option: string, value: string): number[] {
  const found = new Set<number>();
  for (const part of value.split(',')) {
    const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    if (from === '' || Number(to) < Number(from) || Number(to) > 4095)
      throw new CommandError(EXIT.usage, `option '--${option}': '${part}' is no CPU; write 0,1 or 0-3`);
    for (let cpu = Number(from); cpu <= Number(to); cpu += 1) found.add(cpu);
  }
  return [...found].sort((a, b) => a - b);
}

export function policyFrom(values: {
  readonly unikernels?: string | undefined;
  readonly memory?: string | undefined;
  readonly cpu?: string | undefined;
  readonly block?: string | undefined;
  readonly bridge?: readonly string[] | undefined;
}): Policy {
  const policy = {
    unikernels: amount('unikernels', values.unikernels),
    memory: amount('memory', values.memory),
    bridges: [...new Set(values.bridge)],
    ...(values.block === undefined ? {} : { block: amount('block', values.block) }),
  };
  if (values.cpu === undefined)
    throw new CommandError(EXIT.usage, 'policy: no --cpu given; a policy says which there may be');
  return { cpuids: cpuList('cpu', values.cpu), ...policy };
}

const count = (value: number, unit: string): string =>
  value === Infinity ? `any ${unit}` : `${value} ${unit}`;

/** `policy` for people, in one line. */
export function describePolicy({ unikernels, memory, cpuids, block, bridges }: Policy): string {
  return [
    count(unikernels, 'unikernels'),
    count(memory, 'MB'),
    `CPUs ${cpuids.join(',') || 'none'}`,
    block === undefined ? 'no block devices' : `block devices of ${count(block, 'MB')}`,
    `bridges ${bridges.join(', ') || 'none'}`,
  ].join('; ');
}
