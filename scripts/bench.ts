// npm run bench: what speed we have, always beside a peer's measured in the same run. Numbers go to PERFORMANCE.md by hand.
import { parseArgs } from 'node:util';
import type { Comparison } from './bench/compare.ts';
import { benchPing } from './bench/ping.ts';
import { benchStart } from './bench/start.ts';
import { buildRuntime } from './runtime.ts';
import { ensurePackages } from './setup/packages.ts';

const HELP = `Measure the runtime beside named peers, in turns, and print ratios.

Usage: npm run bench [-- OPTIONS]

Options:
  --rounds N   measure each contestant N times (default 15)
  --json       print the comparisons as JSON

A peer that is optional, solo5-spt, takes part when it is in PATH.
`;

function row({ what, unit, ours, peer, ratio, spread }: Comparison): string {
  const number = (value: number): string => value.toPrecision(3);
  return `${what}: ${ours.name} ${number(ours.median)} ${unit}, ${peer.name} ${number(peer.median)} ${unit}: ratio ${number(ratio)} (${number(spread[0])} to ${number(spread[1])})`;
}

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    rounds: { type: 'string', default: '15' },
  },
});
const rounds = Number(values.rounds);
if (values.help) console.log(HELP.trimEnd());
else if (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000)
  throw new Error(`--rounds ${values.rounds}: give a whole number from 1 to 1000`);
else {
  await ensurePackages('runtime', 'tests');
  await buildRuntime();
  const comparisons = [...(await benchStart(rounds)), ...(await benchPing(rounds))];
  console.log(values.json ? JSON.stringify(comparisons, null, 2) : comparisons.map(row).join('\n'));
}
