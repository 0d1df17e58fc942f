// kittiwake stats: what a tender has counted of its guest, once or every second.
import { parseArgs } from 'node:util';
import type { Command, Context } from '../command.ts';
import { CommandError, EXIT } from '../errors.ts';
import { readStats, type Counters, type DeviceStats, type Stats } from '../stats.ts';

const HELP = `Show what a guest has done, from the file its tender counts into.

Usage: kittiwake stats [--json] [--watch] FILE

FILE is what the guest was started with: 'kittiwake run --stats=FILE netcheck'.
Reading it does not disturb the guest, and works after its end, too.

Options:
  --json    as one line of JSON
  --watch   again every second, until the guest ends

Examples:
  kittiwake stats /run/netcheck.stats
  kittiwake stats --watch --json /run/netcheck.stats
`;

const SECOND_MS = 1000;

export const stats: Command = {
  help: HELP,
  options: ['--json', '--watch', '--help'],
  takesImage: true,
  run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { json: { type: 'boolean' }, watch: { type: 'boolean' } },
      allowPositionals: true,
    });
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0)
      throw new CommandError(EXIT.usage, `stats takes one file; see 'kittiwake stats --help'`);
    while (show(readStats(path), values.json ?? false, context) === 'running' && values.watch)
      sleep(SECOND_MS);
    return EXIT.ok;
  },
};

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function show(stats: Stats, json: boolean, { out }: Context): Stats['state'] {
  out(json ? `${JSON.stringify(stats)}\n` : `${describe(stats)}\n`);
  return stats.state;
}

function describe(stats: Stats): string {
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
