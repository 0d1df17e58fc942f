// npm run bench: what speed we have, always beside a peer's measured in the same run. Numbers go to PERFORMANCE.md by hand.
import { parseArgs } from 'node:util';
import type { Comparison } from './bench/compare.ts';
import { benchDaemon } from './bench/daemon.ts';
import { benchNet } from './bench/net.ts';
import { benchPing } from './bench/ping.ts';
import { benchStart } from './bench/start.ts';
import { benchTender } from './bench/tender.ts';
import { benchUsernet } from './bench/usernet.ts';
import { benchWorkshop } from './bench/workshop.ts';
import { buildRuntime } from './runtime.ts';
import { ensurePackages } from './setup/packages.ts';

type Figures = AsyncIterable<Comparison> | Iterable<Comparison>;

/** What can be measured. */
const SUBJECTS: Readonly<Record<string, () => Figures | Promise<Figures>>> = {
  start: () => benchStart(runs ?? 15),
  ping: () => benchPing(runs ?? 15),
  net: () =>
    benchNet({
      runs: runs ?? 5,
      seconds,
      mtu: values.mtu === undefined ? undefined : count('mtu', values.mtu, 576, 65_521),
      only: values.only,
      peerImage: values['peer-image'],
      peerTender: values['peer-tender'],
    }),
  daemon: () => benchDaemon({ runs: runs ?? 5, only: values.only }),
  usernet: () => benchUsernet({ runs: runs ?? 5, seconds, only: values.only }),
  tender: () =>
    benchTender({
      runs: runs ?? 7,
      seconds,
      only: values.only,
      peerSpt: values['peer-spt'],
      peerHvt: values['peer-hvt'],
    }),
  workshop: () => benchWorkshop({ most: count('machines', values.machines, 1, 24) }),
};

const HELP = `Measure the runtime beside named peers, in turns, and print ratios.

Usage: npm run bench [-- OPTIONS] [SUBJECT...]

Subjects (all when none is named):
  start    from starting a unikernel to its exit
  ping     round trip of a ping
  net      HTTP beside nginx, TCP beside iperf3 and Linux, start, memory and size; needs the
           Debian packages wrk, nginx-light, iperf3, curl and iputils-ping
  daemon   the orchestrator: create, memory, consoles, its restart with 200 unikernels
  usernet  the network of 'kittiwake run' without root: start, HTTP, streams, beside Linux behind
           slirp4netns; needs the Debian packages wrk, nginx-light, curl and slirp4netns
  tender   the tenders themselves: start, memory, packets, sectors; kittiwake-hvt in the lab VM
           where this machine's KVM is not real
  workshop how many lab VMs this machine carries: their start, their rest, a lab in all of them
           at once, their memory; ends where 4 GiB are left

Options:
  --runs N            measure each contestant N times (default 15, for net, daemon and usernet
                      5, for tender 7)
  --seconds N         how long one run of net's or usernet's wrk, of their streams or of tender's datagrams
                      takes (default 3)
  --only NAME         of net, daemon, usernet and tender, only figures whose name begins so, such as net.tcp
  --machines N        of workshop, at most (default 24)
  --mtu N             of net.tcp, on every link, loopback too (default: the kernel's, 1500 and
                      65536 for loopback)
  --peer-image FILE   measure another image beside ours; it is started with --ipv4=10.0.0.2/24
  --peer-tender FILE  start that image by this tender instead of ours
  --peer-spt FILE     measure another spt tender beside ours, such as solo5-spt
  --peer-hvt FILE     measure another hvt tender beside ours
  --json              print one line of JSON for each figure

A ratio is ours divided by the peer's: of times, memory and sizes less is better, of rates more. A peer that is
optional, solo5-spt, takes part when it is in PATH.
`;

const number = (value: number): string => (Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(3));

function row({ what, unit, ours, beside }: Comparison): string {
  const line = (value: number, rest: string): string => `  ${number(value).padStart(7)} ${rest}`;
  const own = [what, line(ours.median, `${unit}  ${ours.name}`)];
  if (!beside) return own.join('\n');
  const [least, most] = beside.spread;
  const ratio = line(beside.ratio, `  ratio, in single runs ${number(least)} to ${number(most)}`);
  return [...own, line(beside.median, `${unit}  ${beside.name}`), ratio].join('\n');
}

function json({ what, unit, runs: count, ours, beside }: Comparison): string {
  // Figures of net, daemon, usernet, tender and workshop have names of their own, others are told apart by who is measured.
  const name = /^(net|daemon|usernet|tender|workshop)\./.test(what) ? what : `${what}, ${ours.name}`;
  const peer = {
    peer: beside?.name ?? null,
    peerValue: beside?.median ?? null,
    ratio: beside?.ratio ?? null,
  };
  return JSON.stringify({ name, value: ours.median, unit, ...peer, runs: count });
}

const { values, positionals } = parseArgs({
  options: {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    runs: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    mtu: { type: 'string' },
    machines: { type: 'string', default: '24' },
    only: { type: 'string' },
    'peer-image': { type: 'string' },
    'peer-tender': { type: 'string' },
    'peer-spt': { type: 'string' },
    'peer-hvt': { type: 'string' },
  },
  allowPositionals: true,
});

/** A whole number from `least` to `most`, which the option `name` says. */
function count(name: string, text: string, least = 1, most = 1000): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} ${text}: give a whole number from ${least} to ${most}`);
}

const runs = values.runs === undefined ? undefined : count('runs', values.runs);
const seconds = count('seconds', values.seconds);
const unknown = positionals.find((name) => !(name in SUBJECTS));
if (values.help) console.log(HELP.trimEnd());
else if (unknown !== undefined) {
  throw new Error(`no subject '${unknown}'; there are ${Object.keys(SUBJECTS).join(', ')}`);
} else {
  await ensurePackages('runtime', 'tests');
  await buildRuntime();
  for (const name of positionals.length > 0 ? positionals : Object.keys(SUBJECTS)) {
    const found = (await SUBJECTS[name]?.()) ?? [];
    for await (const comparison of found) console.log(values.json ? json(comparison) : row(comparison));
  }
}
