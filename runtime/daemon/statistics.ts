// What the host counts of a unikernel: its processes, its interfaces, its control group, and what its tender has counted itself.
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Statistics } from '../protocol/data.ts';
import { FILE_SIZE, parseStats } from '../tender-stats.ts';
import type { Cgroups } from './cgroups.ts';
import { countersOf, type InterfaceCounters } from './interfaces.ts';
import { sumOf, usageOf, type ProcessUsage } from './process.ts';
import { RunFolder } from './run-folder.ts';
import type { Unikernel } from './table.ts';
import { tapName } from './taps.ts';

type Interface = Statistics['interfaces'][number];
type Counter = NonNullable<Statistics['vmm']>[number];

/** What is known of a unikernel that runs as the process `pid`; undefined where that has ended. */
export type Look = (unikernel: Unikernel, pid: number) => Statistics | undefined;

export interface Places {
  readonly proc: string;
  readonly sys: string;
  /** The folders of runs. */
  readonly runs: string;
  readonly cgroups?: Cgroups | undefined;
}

/** A keeper has one child, the guest; more are not looked for. */
const CHILDREN_MAX = 4;

/**
 * One look at the host, at any number of unikernels. All of it is files the kernel answers from memory: read at once, as waiting for each of them
 * would cost many times as much.
 */
export function lookAt({ proc, sys, runs, cgroups }: Places): Look {
  const boot = readFileSync(join(proc, 'stat'), 'latin1');
  const links = countersOf(readFileSync(join(proc, 'net', 'dev'), 'latin1'));
  return (unikernel, pid) => {
    const usage = usageWithChildren(proc, pid, boot);
    if (usage === undefined) return undefined;
    const interfaces = unikernel.config.bridges.flatMap(({ name: device }) => {
      const tap = tapName(unikernel.name, device);
      const counters = links.get(tap);
      return counters ? [interfaceOf(device, counters, join(sys, 'class', 'net', tap))] : [];
    });
    const group = cgroups?.counters(unikernel.name) ?? [];
    const vmm = [
      ...tenderCounters(RunFolder.of(runs, unikernel.name).stats),
      ...group.map(({ name, value }) => ({ name: `cgroup.${name}`, value })),
    ];
    return { ...usage, interfaces, ...(vmm.length > 0 ? { vmm } : {}) };
  };
}

/** Of a process and those it has made: under spt the guest is a child of the one that keeps it, where there is one. */
function usageWithChildren(proc: string, pid: number, boot: string): ProcessUsage | undefined {
  const own = usage(proc, pid, boot);
  if (own === undefined) return undefined;
  return childrenOf(proc, pid)
    .flatMap((child) => usage(proc, child, boot) ?? [])
    .reduce(sumOf, own);
}

/** Processes that `pid` has made, which run. */
export function childrenOf(proc: string, pid: number): number[] {
  const children = (text(join(proc, String(pid), 'task', String(pid), 'children')) ?? '').split(' ');
  return children
    .filter((child) => /^\d+$/.test(child))
    .slice(0, CHILDREN_MAX)
    .map(Number);
}

function usage(proc: string, pid: number, boot: string): ProcessUsage | undefined {
  const [stat, statm, status] = ['stat', 'statm', 'status'].map((file) =>
    text(join(proc, String(pid), file)),
  );
  // It may end between one file and the next.
  if (stat === undefined || statm === undefined || status === undefined) return undefined;
  return usageOf(stat, statm, status, boot);
}

/** A file the kernel makes up; undefined where there is none. */
function text(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function interfaceOf(device: string, { received, sent }: InterfaceCounters, folder: string): Interface {
  const number = (file: string): number => Number(text(join(folder, file))?.trim() ?? 0) | 0;
  return {
    bridge: device,
    flags: number('flags'),
    ...{ sendLength: 0, maxSendLength: 0, sendDrops: 0, mtu: number('mtu'), baudrate: 0n },
    inputPackets: received.packets,
    inputErrors: received.errors,
    outputPackets: sent.packets,
    outputErrors: sent.errors,
    collisions: sent.collisions,
    inputBytes: received.bytes,
    outputBytes: sent.bytes,
    inputMcast: received.multicast,
    outputMcast: 0n,
    inputDropped: received.dropped,
    outputDropped: sent.dropped,
  };
}

/** What the tender has counted in its file `path`, by names such as `net.service.out_refused`; nothing where it has none. */
function tenderCounters(path: string): Counter[] {
  let stats: ReturnType<typeof parseStats>;
  try {
    stats = parseStats(bounded(path), () => undefined);
  } catch {
    return [];
  }
  const named = (prefix: string, counters: Readonly<Record<string, number>> | null): Counter[] =>
    Object.entries(counters ?? {}).map(([name, value]) => ({
      name: `${prefix}.${name}`,
      value: BigInt.asIntN(64, BigInt(value)),
    }));
  return [
    ...named('exits', stats.exits),
    ...named('calls', stats.hypercalls),
    ...stats.devices.flatMap(({ type, name, counters }) => named(`${type}.${name}`, counters)),
  ];
}

function bounded(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const bytes = Buffer.alloc(FILE_SIZE + 1);
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}
