// What unikernels of an orchestrator use: its statistics, as a table shows them and as JSON does.
import { plainStatistics, residentOf } from '../client/statistics.ts';
import type { Statistics } from '../protocol/data.ts';
import { printable } from './printable.ts';

const MB = 1024 * 1024;

export interface Sample {
  /** When it came. */
  readonly at: Date;
  readonly statistics: Statistics;
}

const cpuOf = ({ rusage }: Statistics): bigint => rusage.utime + rusage.stime;

/**
 * Share of one CPU, in percent: since the sample `before`, or since it began where there is none; undefined where there is nothing to tell it from.
 */
export function cpuShare({ at, statistics }: Sample, before: Sample | undefined): number | undefined {
  const now = at.getTime() * 1000;
  const same = before?.statistics.memory?.start === statistics.memory?.start;
  const since =
    before && same
      ? { at: before.at.getTime() * 1000, used: cpuOf(before.statistics) }
      : { at: Number(statistics.memory?.start ?? now), used: 0n };
  const share = (100 * Number(cpuOf(statistics) - since.used)) / (now - since.at);
  return Number.isFinite(share) && share >= 0 ? share : undefined;
}

const total = (statistics: Statistics, of: (one: Statistics['interfaces'][number]) => bigint): number =>
  Number(statistics.interfaces.reduce((sum, one) => sum + of(one), 0n));

/** As people read sizes: three digits and a unit. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit > 0 && value < 9.995 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const time = (micros: bigint): string => `${(Number(micros) / 1e6).toFixed(2)} s`;

/** Columns but the name, each with its width: numbers stand below each other, and stay where they are while somebody watches. */
const COLUMNS: readonly (readonly [head: string, width: number])[] = [
  ['CPU', 7],
  ['CPU TIME', 10],
  ['MEMORY', 7],
  ['OF', 7],
  ['NET IN', 7],
  ['NET OUT', 7],
  ['DROPPED', 7],
];
const aligned = (cells: readonly string[]): string[] =>
  cells.map((cell, at) => cell.padStart(COLUMNS[at]?.[1] ?? 0));

export const USAGE_HEAD: readonly string[] = ['NAME', ...aligned(COLUMNS.map(([head]) => head))];

/** @param given - MB of memory that it was given, where that is known. */
export function usageRow(name: string, sample: Sample, before: Sample | undefined, given?: number): string[] {
  const { statistics } = sample;
  const share = cpuShare(sample, before);
  // As the unikernel sees it: what the host sent to its interface came in.
  const cells = [
    share === undefined ? '-' : `${share.toFixed(1)} %`,
    time(cpuOf(statistics)),
    size(residentOf(statistics)),
    given === undefined ? '-' : size(given * MB),
    size(total(statistics, ({ outputBytes }) => outputBytes)),
    size(total(statistics, ({ inputBytes }) => inputBytes)),
    String(total(statistics, ({ inputDropped, outputDropped }) => inputDropped + outputDropped)),
  ];
  return [name, ...aligned(cells)];
}

/** All that is known, as JSON has it: bytes, seconds, and in and out as the unikernel sees them. */
export function plainUsage(
  name: string,
  sample: Sample,
  before: Sample | undefined,
  given?: number,
): unknown {
  const { at, statistics } = sample;
  const { cpu, memory, faults, switches, started, networks, counters } = plainStatistics(statistics);
  return {
    time: at,
    name,
    cpu: { percent: cpuShare(sample, before), ...cpu },
    memory: { ...memory, given: given === undefined ? undefined : given * MB },
    ...{ faults, switches, started },
    networks: networks.map((one) => ({ ...one, name: printable(one.name) })),
    counters:
      counters && Object.fromEntries(Object.entries(counters).map(([key, value]) => [printable(key), value])),
  };
}
