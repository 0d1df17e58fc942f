// npm run bench: what speed we have, always beside a peer's measured in the same run. Numbers go to PERFORMANCE.md by hand.
import { parseArgs } from 'node:util';
import type { Comparison } from './bench/compare.ts';
import { benchPing } from './bench/ping.ts';
import { benchStart } from './bench/start.ts';
import { buildRuntime } from './runtime.ts';
import { ensurePackages } from './setup/packages.ts';

/** What can be measured. */
const SUBJECTS: Readonly<Record<string, (rounds: number) => Promise<Comparison[]>>> = {
  start: benchStart,
  ping: benchPing,
};

const HELP = `Measure the runtime beside named peers, in turns, and print ratios.

Usage: npm run bench [-- OPTIONS] [SUBJECT...]

Subjects (all when none is named):
  start    from starting a unikernel to its exit
  ping     round trip of a ping

Options:
  --rounds N   measure each contestant N times (default 15)
  --json       print one line of JSON for each figure

A ratio is ours divided by the peer's: below 1 we need less. A peer that is
optional, solo5-spt, takes part when it is in PATH.
`;

function row({ what, unit, ours, peer, ratio, spread }: Comparison): string {
  const number = (value: number): string => value.toPrecision(3);
  const [least, most] = spread;
  return [
    what,
    `  ${number(ours.median).padStart(6)} ${unit}  ${ours.name}`,
    `  ${number(peer.median).padStart(6)} ${unit}  ${peer.name}`,
    `  ${number(ratio).padStart(6)}     ratio, in single rounds ${number(least)} to ${number(most)}`,
  ].join('\n');
}

function json({ what, unit, ours, peer, ratio }: Comparison, runs: number): string {
  const name = `${what}, ${ours.name}`;
  return JSON.stringify({
    name,
    value: ours.median,
    unit,
    peer: peer.name,
    peerValue: peer.median,
    ratio,
    runs,
  });
}

const { values, positionals } = parseArgs({
  options: {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    rounds: { type: 'string', default: '15' },
  },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const unknown = positionals.find((name) => !(name in SUBJECTS));
if (values.help) console.log(HELP.trimEnd());
else if (unknown !== undefined) {
  throw new Error(`no subject '${unknown}'; there are ${Object.keys(SUBJECTS).join(', ')}`);
} else if (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000) {
  throw new Error(`--rounds ${values.rounds}: give a whole number from 1 to 1000`);
} else {
  await ensurePackages('runtime', 'tests');
  await buildRuntime();
  for (const name of positionals.length > 0 ? positionals : Object.keys(SUBJECTS)) {
    for (const comparison of (await SUBJECTS[name]?.(rounds)) ?? []) {
      console.log(values.json ? json(comparison, rounds) : row(comparison));
    }
  }
}
