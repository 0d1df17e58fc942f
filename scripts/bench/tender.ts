// The tenders beside Solo5's: start, memory, packets, sectors. Nothing here is about the guests, which are the same for both.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runtimeTree } from '../runtime.ts';
import { compileC } from '../setup/compile.ts';
import { compare, inTurns, weigh, type Comparison, type Contestant } from './compare.ts';
import { blockGuest, CAPACITY } from './tender-guest.ts';
import { here, withKvm, type Place } from './tender-place.ts';

export interface TenderOptions {
  readonly runs: number;
  readonly seconds: number;
  readonly only: string | undefined;
  readonly peerSpt: string | undefined;
  readonly peerHvt: string | undefined;
}

type Kind = 'hvt' | 'spt';

/** A tender under measurement. */
interface Tender {
  readonly name: string;
  /** Its path in the place. */
  readonly path: string;
}

interface Bench {
  readonly kind: Kind;
  readonly place: Place;
  readonly tenders: readonly Tender[];
  readonly launch: string;
  readonly runs: number;
  readonly wanted: (name: string) => boolean;
}

const SECTORS = [512, 4096, 32_768];

async function run(
  bench: Bench,
  name: string,
  unit: string,
  figure: (tender: Tender) => Promise<number>,
): Promise<Comparison[]> {
  if (!bench.wanted(name)) return [];
  const [ours, ...peers] = bench.tenders.map((tender): Contestant => ({
    name: tender.name,
    run: () => figure(tender),
  }));
  return ours ? compare(name, unit, bench.runs, ours, peers) : [];
}

/** What the program of launch.c found. */
async function launched(
  { place, launch }: Bench,
  kind: 'wall' | 'first' | 'rss',
  count: number,
  command: string,
): Promise<number> {
  return Number(await place.shell(`${launch} ${kind} ${count} ${command}`));
}

/** hello: from before the tender's start to its end, or to the guest's first byte; memory that is resident when it ends. */
async function* starts(bench: Bench, image: string): AsyncIterable<Comparison> {
  const count = Math.ceil(100 / bench.place.slower);
  const of = (tender: Tender): string => `${tender.path} --mem=4 ${image}`;
  const name = `tender.${bench.kind}.hello`;
  for (const kind of ['wall', 'first'] as const)
    yield* await run(
      bench,
      `${name}.${kind}`,
      'ms',
      async (tender) => (await launched(bench, kind, count, of(tender))) / 1000,
    );
  yield* await run(bench, `${name}.rss`, 'KiB', (tender) => launched(bench, 'rss', 1, of(tender)));
}

/** MB/s of a guest that moves one sector after the other, without what its start takes. */
async function* blocks(bench: Bench, folder: string): AsyncIterable<Comparison> {
  const { kind: target, place } = bench;
  const disk = await place.put(writeImage(folder, 'disk', Buffer.alloc(CAPACITY)));
  const most = Math.ceil(100_000 / place.slower);
  for (const what of ['read', 'write'] as const)
    for (const sector of SECTORS) {
      const name = `tender.${target}.block.${what}.${sector}`;
      if (!bench.wanted(name)) continue;
      const [few, many] = [
        await place.put(writeImage(folder, `few.${target}`, blockGuest({ target, what, sector, count: 1 }))),
        await place.put(
          writeImage(folder, `many.${target}`, blockGuest({ target, what, sector, count: 1 + most })),
        ),
      ];
      yield* await run(bench, name, 'MB/s', async ({ path }) => {
        const options = `--mem=4 --block:disk=${disk} --block-sector-size:disk=${sector}`;
        const start = await launched(bench, 'wall', 3, `${path} ${options} ${few}`);
        const whole = await launched(bench, 'wall', 1, `${path} ${options} ${many}`);
        return (most * sector) / (whole - start);
      });
    }
}

function writeImage(folder: string, name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

/** Clients on processor 0, guests on processor 1, where there are two. */
const ON = `on0= on1=; [ "$(nproc)" = 1 ] || { on0='taskset --cpu-list 0' on1='taskset --cpu-list 1'; }\n`;

/** netcheck under each tender at once, each behind a tap of its own: a flood of pings, and of datagrams that nobody wants. */
async function* packets(bench: Bench, image: string, seconds: number): AsyncIterable<Comparison> {
  const { kind, place, tenders } = bench;
  const name = `tender.${kind}`;
  if (!['ping.rtt', 'ping.rate', 'udp.rate'].some((figure) => bench.wanted(`${name}.${figure}`))) return;
  const blast = await place.put(compileC('scripts/bench/blast.c', ['-static']));
  const pids: string[] = [];
  try {
    for (const [index, { path }] of tenders.entries())
      pids.push(
        await place.shell(`${ON}ip tuntap add tap${index} mode tap
ip addr add 10.0.${index}.1/24 dev tap${index}
ip link set tap${index} up
$on1 timeout 1800 ${path} --mem=4 --net:service=tap${index} ${image} --ipv4=10.0.${index}.2/24 >/dev/null 2>&1 </dev/null &
echo $!
ping -q -c 1 -w 20 10.0.${index}.2 >/dev/null`),
      );
    const names = tenders.map((tender) => tender.name);
    const count = Math.ceil(10_000 / place.slower);
    const pings = await inTurns(
      bench.runs,
      tenders.map((tender, index) => ({
        name: tender.name,
        run: () => flood(place, `10.0.${index}.2`, count),
      })),
    );
    const of = (what: 'rtt' | 'rate'): number[][] =>
      pings.map((rounds) => rounds.map((round) => round[what]));
    yield* weigh(`${name}.ping.rtt`, 'µs', names, of('rtt'));
    yield* weigh(`${name}.ping.rate`, '/s', names, of('rate'));
    const [ours, ...peers] = tenders.map((tender, index): Contestant => ({
      name: tender.name,
      run: () => taken(place, index, blast, seconds),
    }));
    if (ours) yield* await compare(`${name}.udp.rate`, '/s', bench.runs, ours, peers);
  } finally {
    await place.shell(pids.map((pid) => `kill ${pid.trim()} || true`).join('\n'));
  }
}

async function flood(place: Place, address: string, count: number): Promise<{ rtt: number; rate: number }> {
  const said = await place.shell(`${ON}$on0 ping -q -f -c ${count} ${address}`);
  const [, milliseconds] = /time (\d+)ms/.exec(said) ?? [];
  const [, average] = /= [\d.]+\/([\d.]+)\//.exec(said) ?? [];
  if (milliseconds === undefined || average === undefined)
    throw new Error(`ping ${address} printed no times: ${said}`);
  return { rtt: Number(average) * 1000, rate: count / (Number(milliseconds) / 1000) };
}

/** Frames a second that the tender read from its tap while more came than it could take. */
async function taken(place: Place, index: number, blast: string, seconds: number): Promise<number> {
  const counters = `ip -s -j link show tap${index}`;
  const said = await place.shell(
    `${ON}${counters}; $on0 ${blast} 10.0.${index}.2 9 64 ${seconds}; ${counters}`,
  );
  const [before = 0, after = 0] = said
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as [{ stats64: { tx: { packets: number } } }])[0].stats64.tx.packets);
  return (after - before) / seconds;
}

/** netcheck from a snapshot beside netcheck from its start: from before the tender's exec to the first answered ping. */
async function* restores(bench: Bench, image: string): AsyncIterable<Comparison> {
  const { kind, place, tenders } = bench;
  const name = `tender.${kind}.restore.first-ping`;
  const [ours] = tenders;
  if (!ours || !bench.wanted(name)) return;
  const ping = await place.put(compileC('scripts/bench/ping.c', ['-static']));
  const net = '--net:service=tap9 --net-mac:service=02:00:00:00:09:02';
  const cold = `${ours.path} --mem=4 ${net} ${image} --ipv4=10.0.9.2/24`;
  const folder = (await place.shell('mktemp --directory')).trim();
  const snapshot = `${folder}/netcheck.snapshot`;
  try {
    // The neighbour is known, or the kernel would ask for it once a second only.
    await place.shell(`ip tuntap add tap9 mode tap
ip addr add 10.0.9.1/24 dev tap9
ip link set tap9 up
ip neigh replace 10.0.9.2 lladdr 02:00:00:00:09:02 dev tap9 nud permanent
${cold.replace(net, `--snapshot=${snapshot} --snapshot-exit ${net}`)} >/dev/null 2>&1 </dev/null &
ping -q -c 1 -w 20 10.0.9.2 >/dev/null
kill -USR1 $!
wait $! || true
test -s ${snapshot}`);
    const first = (title: string, command: string): Contestant => ({
      name: title,
      run: async () =>
        Number(
          await place.shell(
            `${ON}$on0 ${ping} first 10.0.9.2 "$(($(nproc) > 1))" ${command} 2>/dev/null | tail -n 1`,
          ),
        ) / 1000,
    });
    const restored = first('netcheck restored', `${ours.path} --restore=${snapshot} ${net}`);
    yield* await compare(name, 'ms', bench.runs * 3, restored, [first('netcheck started', cold)]);
  } finally {
    await place.shell(`rm -r ${folder}; ip link delete tap9 2>/dev/null || true`);
  }
}

async function* measure(
  kind: Kind,
  peer: string | undefined,
  place: Place,
  options: TenderOptions,
): AsyncIterable<Comparison> {
  const folder = mkdtempSync(join(tmpdir(), 'kittiwake-bench-'));
  const put = (file: string): Promise<string> => place.put(join(runtimeTree, file));
  try {
    const ours = { name: `kittiwake-${kind}${place.suffix}`, path: await put(`bin/kittiwake-${kind}`) };
    const peers = peer === undefined ? [] : [{ name: basename(peer), path: await place.put(peer) }];
    const launch = await place.put(compileC('scripts/bench/launch.c', ['-static']));
    const wanted = (name: string): boolean => options.only === undefined || name.startsWith(options.only);
    const bench: Bench = { kind, place, tenders: [ours, ...peers], launch, runs: options.runs, wanted };
    yield* starts(bench, await put(`share/kittiwake/images/hello.${kind}`));
    yield* restores(bench, await put(`share/kittiwake/images/netcheck.${kind}`));
    yield* packets(bench, await put(`share/kittiwake/images/netcheck.${kind}`), options.seconds);
    yield* blocks(bench, folder);
  } finally {
    rmSync(folder, { recursive: true });
    await place.close();
  }
}

/** Both tenders, each beside Solo5's where that is given; hvt in the lab VM where this machine's KVM is not real. */
export async function* benchTender(options: TenderOptions): AsyncIterable<Comparison> {
  const wants = (kind: Kind): boolean =>
    options.only === undefined ||
    options.only.startsWith(`tender.${kind}`) ||
    `tender.${kind}`.startsWith(options.only);
  if (wants('spt')) yield* measure('spt', options.peerSpt, await here(), options);
  if (wants('hvt')) yield* measure('hvt', options.peerHvt, await withKvm(), options);
}
