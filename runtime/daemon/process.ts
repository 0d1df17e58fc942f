// What Linux counts of a process and of an interface, as statistics of the protocol have it (proc(5)).
import type { Statistics } from '../protocol/data.ts';

type Usage = Statistics['rusage'];
type Memory = NonNullable<Statistics['memory']>;

/** Clock ticks a second; the same on every Linux of x86_64 and arm64. */
const TICKS = 100n;

/** What one process, or several together, have had of the host. */
export interface ProcessUsage {
  readonly rusage: Usage;
  readonly memory: Memory;
}

/** Kilobytes of a page, which Albatross counts memory in; the same on x86_64 and arm64 as Debian has it. */
const PAGE_KB = 4n;

const micros = (ticks: bigint): bigint => (ticks * 1_000_000n) / TICKS;

/** The fields of /proc/PID/stat as proc(5) numbers them, from 3 on: the name before them may contain anything. */
function fields(stat: string): (number: number) => bigint {
  const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (number) => {
    const field = rest[number - 3];
    if (field === undefined || !/^-?\d+$/.test(field)) throw new Error(`/proc/PID/stat: no field ${number}`);
    return BigInt(field);
  };
}

const counter = (status: string, name: string): bigint =>
  BigInt(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0);

/** When the process began, in clock ticks after the host did: with its number that tells it from every other. */
export function startOf(stat: string): bigint {
  return fields(stat)(22);
}

/** What stands in /proc/PID/stat, statm and status, and in the `btime` line of /proc/stat. @throws Error where it does not. */
export function usageOf(stat: string, statm: string, status: string, boot: string): ProcessUsage {
  const field = fields(stat);
  const pages = statm.trim().split(' ').map(BigInt);
  const [utime, stime, rss] = [micros(field(14)), micros(field(15)), field(24)];
  const none = {
    ixrss: 0n,
    idrss: 0n,
    isrss: 0n,
    inblock: 0n,
    outblock: 0n,
    msgsnd: 0n,
    msgrcv: 0n,
    nsignals: 0n,
  };
  const began = BigInt(/^btime (\d+)/m.exec(boot)?.[1] ?? 0);
  return {
    rusage: {
      ...none,
      utime,
      stime,
      // Albatross has what is resident now; Linux knows the most there was.
      maxrss: counter(status, 'VmHWM') / PAGE_KB || rss,
      minflt: field(10),
      majflt: field(12),
      nswap: field(36),
      nvcsw: counter(status, 'voluntary_ctxt_switches'),
      nivcsw: counter(status, 'nonvoluntary_ctxt_switches'),
    },
    memory: {
      vsize: field(23),
      rss,
      tsize: pages[3] ?? 0n,
      dsize: pages[5] ?? 0n,
      ssize: pages[5] ?? 0n,
      runtime: utime + stime,
      cow: 0,
      start: began * 1_000_000n + micros(field(22)),
    },
  };
}

/** Of both together; the first of them began it. */
export function sumOf(a: ProcessUsage, b: ProcessUsage): ProcessUsage {
  return {
    rusage: added(a.rusage, b.rusage),
    memory: { ...added(a.memory, b.memory), cow: a.memory.cow + b.memory.cow, start: a.memory.start },
  };
}

/** Each number of `a` with that of `b`. */
function added<T extends object>(a: T, b: T): T {
  const all = Object.entries(a).map(([key, value]) => {
    const other: unknown = b[key as keyof T];
    return [key, typeof value === 'bigint' && typeof other === 'bigint' ? value + other : value] as const;
  });
  return Object.fromEntries(all) as T;
}
