// A tender's counters as people read them.
import type { Counters, DeviceStats, Stats } from '../tender-stats.ts';

/** What a person reads. */
export function describeStats(stats: Stats): string {
  const lines = [`guest    ${stateWords(stats)}`, `memory   ${memoryWords(stats)}`];
  if (stats.exits) lines.push(`exits    ${list(stats.exits)}`);
  if (stats.hypercalls) lines.push(`calls    ${list(stats.hypercalls)}`);
  for (const device of stats.devices) lines.push(...deviceLines(device));
  return `${lines.join('\n')}\n`;
}

function stateWords({ tender, state, pid, started, end }: Stats): string {
  const since = `started ${new Date(Math.min(started, 8.64e15)).toISOString()}`;
  if (state === 'running') return `runs under ${tender}, process ${pid}, ${since}`;
  if (state === 'killed') return `was killed, ${since}`;
  const by = end?.reason === 'signal' ? 'signal' : 'status';
  return `ended (${end?.reason ?? 'unknown'}) with ${by} ${end?.status ?? 0}, ${since}`;
}

function memoryWords({ memory, resident }: Stats): string {
  const now = resident === null ? '' : `, ${resident} of its process resident`;
  return `${memory} bytes${now}`;
}

/** Those that are not 0. */
function list(counters: Counters): string {
  const words = Object.entries(counters)
    .filter(([, value]) => value > 0)
    .map(([name, value]) => `${name} ${value}`);
  return words.length === 0 ? 'none' : words.join(', ');
}

const SOURCES = {
  tender: '',
  interface: ' (by the host’s interface, each second)',
  calls: ' (as asked for)',
  none: '',
} as const;

function deviceLines({ name, type, source, counters }: DeviceStats): string[] {
  if (source === 'none') return [`${type} ${name}: not counted under this tender`];
  return [`${type} ${name}: ${list(counters)}${SOURCES[source]}`];
}
