// npm run bench -- net: what the network of our images costs, beside nginx, iperf3 and Linux's own stack, and beside any other image.
import { existsSync } from 'node:fs';
import { noNamespaces } from '../../test/net/namespace.ts';
import type { Impairment } from '../../test/net/netem.ts';
import { site } from '../../test/net/sites.ts';
import { noImage, prebuilt } from '../../test/net/unikernel.ts';
import { inTurns, weigh, type Comparison } from './compare.ts';
import { load } from './net-http.ts';
import { linux, missingPackages, nginx, unikernel, type Guest, type Server } from './net-servers.ts';
import {
  closedLoop,
  firstPing,
  roundTrip,
  smallestMemory,
  startingPlace,
  strippedSize,
} from './net-start.ts';
import { iperf3, linuxStreams, stream, type Direction } from './net-tcp.ts';

export interface NetOptions {
  readonly runs: number;
  /** How long one run of wrk or of a stream takes. */
  readonly seconds: number;
  /** Bytes of the MTU of every link net.tcp uses; where it is not said, the kernel's: 1500, and 65536 of its loopback. */
  readonly mtu?: number | undefined;
  /** A figure's name or its beginning. */
  readonly only?: string | undefined;
  /** Another image to measure beside ours, and whose tender starts it. */
  readonly peerImage?: string | undefined;
  readonly peerTender?: string | undefined;
}

/** What the start page holds: 1 KiB. */
const PAGE = `<!doctype html><title>1 KiB</title><p>${'A page of this length. '.repeat(50)}`.slice(0, 1024);

/** 50 ms from there to back, 2 % lost each way; every run loses others, the same for every contestant. */
const lossy = (round: number): Impairment => ({ delay: 25, loss: 2, seed: round + 1 });

/** The guests measured, ours first. */
interface Guests {
  readonly website: Guest;
  readonly netcheck: Guest;
  readonly others: readonly Guest[];
}

interface Group {
  /** The prebuilt image of ours it measures. */
  readonly image: 'website' | 'netcheck';
  readonly figures: readonly string[];
  readonly measure: (options: NetOptions, guests: Guests) => Promise<Comparison[]>;
}

/** Every server of `starts` at once, `use` on them, and their end. */
async function withServers<T>(
  starts: readonly (() => Promise<Server>)[],
  use: (servers: readonly Server[]) => Promise<T>,
): Promise<T> {
  await using stack = new AsyncDisposableStack();
  const servers: Server[] = [];
  for (const start of starts) servers.push(stack.use(await start()));
  return await use(servers);
}

const images = ({ website, others }: Guests): Guest[] => [website, ...others];
const imageServers = (guests: Guests): (() => Promise<Server>)[] =>
  images(guests).map((guest) => () => unikernel(guest));

/** Servers in turns by `run`; a figure for each of `figures`, which takes its number from what `run` found. */
async function duel<T>(
  starts: readonly (() => Promise<Server>)[],
  runs: number,
  run: (server: Server) => Promise<T>,
  figures: readonly { readonly what: string; readonly unit: string; readonly of: (found: T) => number }[],
): Promise<Comparison[]> {
  return withServers(starts, async (servers) => {
    const names = servers.map(({ name }) => name);
    const samples = await inTurns(
      runs,
      servers.map((server) => ({ name: server.name, run: () => run(server) })),
    );
    return figures.flatMap(({ what, unit, of }) =>
      weigh(
        what,
        unit,
        names,
        samples.map((found) => found.map(of)),
      ),
    );
  });
}

/** The same for what is measured of images alone, without a server that keeps running. */
async function perImage(
  what: string,
  unit: string,
  runs: number,
  guests: Guests,
  run: (guest: Guest) => Promise<number> | number,
): Promise<Comparison[]> {
  const all = images(guests);
  const contestants = all.map((guest) => ({ name: guest.image, run: async () => run(guest) }));
  return weigh(
    what,
    unit,
    all.map(({ image }) => image.replace(/^.*\//, '')),
    await inTurns(runs, contestants),
  );
}

const page = { 'index.html': PAGE };

/** A stream without loss: ours, iperf3 over loopback, and Linux across a veth pair, which is the measuring client's own ceiling. */
async function streams(
  direction: Direction,
  { runs, seconds, mtu }: NetOptions,
  guests: Guests,
): Promise<Comparison[]> {
  const starts = [
    () => unikernel(guests.netcheck, { mtu }),
    () => linux('iperf3 over loopback', { mtu }),
    () => linuxStreams(direction, { mtu }),
  ];
  return withServers(starts, async (servers) => {
    const found = await inTurns(
      runs,
      servers.map((server, index) => ({
        name: server.name,
        run: () => (index === 1 ? iperf3(server, seconds) : stream(server, direction, seconds)),
      })),
    );
    return weigh(
      `net.tcp.${direction}`,
      'Gbit/s',
      servers.map(({ name }) => name),
      found,
    );
  });
}

/** A stream across a bad wire, ours and Linux's own. Servers are new for each run, for nobody to remember the path. */
async function lossyStreams(
  direction: Direction,
  { runs, seconds }: NetOptions,
  guests: Guests,
): Promise<Comparison[]> {
  const contestant = (name: string, start: (impairment: Impairment) => Promise<Server>) => ({
    name,
    run: (round: number) =>
      withServers([() => start(lossy(round))], async ([server]) =>
        server ? (await stream(server, direction, seconds * 2)) * 1000 : Number.NaN,
      ),
  });
  const contestants = [
    contestant('netcheck.spt across a bad wire', (impairment) => unikernel(guests.netcheck, { impairment })),
    contestant('Linux across the same wire', (impairment) => linuxStreams(direction, { impairment })),
  ];
  const names = contestants.map(({ name }) => name);
  return weigh(`net.tcp.lossy.${direction}`, 'Mbit/s', names, await inTurns(runs, contestants));
}

const GROUPS: readonly Group[] = [
  {
    image: 'website',
    figures: ['net.boot.first-ping'],
    measure: async ({ runs }, guests) => {
      await using place = await startingPlace();
      return await perImage('net.boot.first-ping', 'ms', runs * 3, guests, (guest) =>
        firstPing(place, guest),
      );
    },
  },
  {
    image: 'website',
    figures: ['net.ping.rtt'],
    measure: ({ runs }, guests) =>
      duel([...imageServers(guests), () => linux('Linux across a veth pair')], runs, roundTrip, [
        { what: 'net.ping.rtt', unit: 'µs', of: (found) => found },
      ]),
  },
  {
    image: 'website',
    figures: ['net.ping.loop'],
    measure: ({ runs }, guests) =>
      duel([...imageServers(guests), () => linux('Linux across a veth pair')], runs, closedLoop, [
        { what: 'net.ping.loop', unit: 'µs', of: (found) => found },
      ]),
  },
  {
    image: 'website',
    figures: ['net.http.keepalive', 'net.http.cpu', 'net.rss.serving'],
    measure: ({ runs, seconds }, guests) =>
      duel([...imageServers(guests), () => nginx(page)], runs, (server) => load(server, seconds, false), [
        { what: 'net.http.keepalive', unit: 'requests/s', of: ({ rate }) => rate },
        { what: 'net.http.cpu', unit: 'µs/request', of: ({ cpu }) => cpu },
        { what: 'net.rss.serving', unit: 'MiB', of: ({ resident }) => resident },
      ]),
  },
  {
    image: 'website',
    figures: ['net.http.connections'],
    measure: ({ runs, seconds }, guests) =>
      duel([...imageServers(guests), () => nginx(page)], runs, (server) => load(server, seconds, true), [
        { what: 'net.http.connections', unit: 'requests/s', of: ({ rate }) => rate },
      ]),
  },
  {
    image: 'netcheck',
    figures: ['net.tcp.send'],
    measure: (options, guests) => streams('send', options, guests),
  },
  {
    image: 'netcheck',
    figures: ['net.tcp.receive'],
    measure: (options, guests) => streams('receive', options, guests),
  },
  {
    image: 'netcheck',
    figures: ['net.tcp.lossy.send'],
    measure: (options, guests) => lossyStreams('send', options, guests),
  },
  {
    image: 'netcheck',
    figures: ['net.tcp.lossy.receive'],
    measure: (options, guests) => lossyStreams('receive', options, guests),
  },
  {
    image: 'website',
    figures: ['net.mem.smallest'],
    measure: (_, guests) => perImage('net.mem.smallest', 'MiB', 1, guests, smallestMemory),
  },
  {
    image: 'website',
    figures: ['net.image.website'],
    measure: (_, guests) =>
      perImage('net.image.website', 'bytes', 1, guests, ({ image }) => strippedSize(image)),
  },
];

/** The programs the measurements need, with their Debian packages. */
const PROGRAMS = {
  wrk: 'wrk',
  nginx: 'nginx-light',
  iperf3: 'iperf3',
  curl: 'curl',
  ping: 'iputils-ping',
  taskset: 'util-linux',
} as const;

/** @throws Error that says what is missing here and how to get it. */
function requireAll({ only, peerImage, peerTender }: NetOptions): readonly Group[] {
  if (noNamespaces) throw new Error(`the network cannot be measured here: ${noNamespaces}`);
  const missing = missingPackages(PROGRAMS);
  if (missing.length > 0)
    throw new Error(
      `bench net needs ${missing.join(', ')}; install: sudo apt-get install --no-install-recommends ${missing.join(' ')}`,
    );
  for (const file of [peerImage, peerTender])
    if (file !== undefined && !existsSync(file)) throw new Error(`${file} does not exist`);
  const chosen = GROUPS.filter(({ figures }) => figures.some((name) => name.startsWith(only ?? '')));
  const names = GROUPS.flatMap(({ figures }) => figures);
  if (chosen.length === 0) throw new Error(`no figure '${only}'; there are ${names.join(', ')}`);
  for (const { image } of chosen) {
    const why = noImage(image);
    if (why) throw new Error(`${why}; build it: npm run images`);
  }
  return chosen;
}

/** Measures figure after figure and tells each as soon as it is known; progress goes to standard error. */
export async function* benchNet(options: NetOptions): AsyncGenerator<Comparison> {
  const groups = requireAll(options);
  using content = site(page);
  const { peerImage, peerTender } = options;
  const peer =
    peerImage === undefined ? [] : [{ image: peerImage, mem: 64, ...(peerTender && { tender: peerTender }) }];
  const guests: Guests = {
    // nginx writes no access log either. 4 MiB is what we say it serves with; others may need more, and get it.
    website: { image: prebuilt('website'), data: content.archive, args: ['--no-access-log'], mem: 4 },
    netcheck: { image: prebuilt('netcheck') },
    others: peer,
  };
  for (const { figures, measure } of groups) {
    console.error(`bench: ${figures.join(', ')}`);
    for (const found of await measure(options, guests))
      if (found.what.startsWith(options.only ?? '')) yield found;
  }
}
