// npm run bench -- usernet: what the network costs that needs no root, beside a Linux process behind slirp4netns(1), which is made of the same library.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { noNamespaces } from '../../test/net/namespace.ts';
import { site } from '../../test/net/sites.ts';
import { runtimeTree } from '../runtime.ts';
import { compileC } from '../setup/compile.ts';
import { compare, inTurns, weigh, type Comparison } from './compare.ts';
import { missingPackages, nginxCommand, ON_CLIENT_CPU, ON_SERVER_CPU } from './net-servers.ts';
import { freePort } from '../setup/free-port.ts';
import { behindOurs, behindSlirp4netns, type Behind } from './usernet-servers.ts';

export interface UsernetOptions {
  readonly runs: number;
  /** How long one run of wrk or of a stream takes. */
  readonly seconds: number;
  /** A figure's name or its beginning. */
  readonly only?: string | undefined;
}

const PAGE = {
  'index.html': `<!doctype html><title>1 KiB</title><p>${'A page. '.repeat(200)}`.slice(0, 1024),
};
const DISCARD = 9;
const CHARGEN = 19;
const HTTP = 80;

async function client(command: readonly string[]): Promise<string> {
  const [program = '', ...args] = ON_CLIENT_CPU;
  const child = spawn(program, [...args, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  if (status !== 0) throw new Error(`${command.join(' ')}: status ${status}\n${out}${err}`);
  return out;
}

/** Requests a second for the page, `connections` of them under way. */
async function requests(server: Behind, seconds: number, connections: number): Promise<number> {
  const url = `http://127.0.0.1:${server.port(HTTP)}/`;
  const out = await client(['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, url]);
  const [, done, time] = /(\d+) requests in ([\d.]+)s/.exec(out) ?? [];
  const wrong = /(Non-2xx.*|Socket errors.*)/.exec(out)?.[0];
  if (done === undefined || Number(done) === 0 || wrong)
    throw new Error(`wrk on ${server.name}: ${wrong ?? out}`);
  return Number(done) / Number(time);
}

/** Gbit/s of one stream, which the server sends or receives. */
async function stream(server: Behind, direction: 'send' | 'receive', seconds: number): Promise<number> {
  const [verb, port] = direction === 'send' ? ['receive', CHARGEN] : ['send', DISCARD];
  const program = compileC('scripts/bench/stream.c');
  const out = await client([program, verb, '127.0.0.1', String(server.port(port)), String(seconds)]);
  const [bytes, took] = out.trim().split(' ').map(Number);
  if (!bytes || !took) throw new Error(`a stream with ${server.name}: ${out}`);
  return (bytes * 8) / took / 1e9;
}

/** Milliseconds from the exec of `command`, which serves `port`, to the page. */
async function firstPage(command: readonly string[], port: number): Promise<number> {
  const [program = '', ...args] = [...ON_SERVER_CPU, ...command];
  const started = performance.now();
  const server = spawn(program, args, { stdio: 'ignore' });
  try {
    // One shell asks again and again, so that asking costs no start of Node.
    await client([
      ...['sh', '-c', 'until curl -qsf --noproxy "*" --max-time 5 -o /dev/null "$1"; do :; done', 'sh'],
      `http://127.0.0.1:${port}/`,
    ]);
    return performance.now() - started;
  } finally {
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  }
}

async function start(runs: number): Promise<Comparison[]> {
  using content = site(PAGE);
  const ours = async (): Promise<number> => {
    const port = await freePort();
    const command = [join(runtimeTree, 'bin/kittiwake'), 'run', 'website.spt'];
    return firstPage([...command, '--publish', `${port}:80`, `--block-ro:data=${content.archive}`], port);
  };
  const node = async (): Promise<number> => {
    const port = await freePort();
    const program = `require('node:http').createServer((q, r) => r.end('page')).listen(${port}, '127.0.0.1')`;
    return firstPage([join(runtimeTree, 'lib/kittiwake/node'), '-e', program], port);
  };
  return await compare('usernet.start', 'ms', runs, { name: 'kittiwake run website --publish', run: ours }, [
    { name: "a server in the command's own Node", run: node },
  ]);
}

/** Both servers of the page at once, in turns. */
async function pages(
  { runs }: UsernetOptions,
  what: string,
  unit: string,
  measure: (server: Behind) => Promise<number>,
): Promise<Comparison[]> {
  using content = site(PAGE);
  const nginx = nginxCommand(PAGE);
  try {
    const options = [`--block-ro:data=${content.archive}`];
    await using ours = await behindOurs('website', [HTTP], { options, args: ['--no-access-log'] });
    await using theirs = await behindSlirp4netns('nginx behind slirp4netns', [HTTP], [nginx.program]);
    return await duel(what, unit, runs, [ours, theirs], measure);
  } finally {
    rmSync(nginx.folder, { recursive: true });
  }
}

async function streams(
  { runs, seconds }: UsernetOptions,
  direction: 'send' | 'receive',
): Promise<Comparison[]> {
  const program = compileC('scripts/bench/stream.c');
  await using ours = await behindOurs('netcheck', [DISCARD, CHARGEN]);
  await using theirs = await behindSlirp4netns(
    'Linux behind slirp4netns',
    [DISCARD, CHARGEN],
    [
      [program, 'serve', 'receive', String(DISCARD)],
      [program, 'serve', 'send', String(CHARGEN)],
    ],
  );
  return await duel(`usernet.throughput.${direction}`, 'Gbit/s', runs, [ours, theirs], (server) =>
    stream(server, direction, seconds),
  );
}

async function duel(
  what: string,
  unit: string,
  runs: number,
  servers: readonly Behind[],
  measure: (server: Behind) => Promise<number>,
): Promise<Comparison[]> {
  const contestants = servers.map((server) => ({ name: server.name, run: () => measure(server) }));
  const names = servers.map(({ name }) => name);
  return weigh(what, unit, names, await inTurns(runs, contestants));
}

const FIGURES: Readonly<Record<string, (options: UsernetOptions) => Promise<Comparison[]>>> = {
  'usernet.start': ({ runs }) => start(runs),
  'usernet.latency': (options) =>
    pages(
      options,
      'usernet.latency',
      'µs',
      async (server) => 1e6 / (await requests(server, options.seconds, 1)),
    ),
  'usernet.http': (options) =>
    pages(options, 'usernet.http', 'requests/s', (server) => requests(server, options.seconds, 16)),
  'usernet.throughput.send': (options) => streams(options, 'send'),
  'usernet.throughput.receive': (options) => streams(options, 'receive'),
};

/** The programs it needs, with their Debian packages. */
const PROGRAMS = { wrk: 'wrk', nginx: 'nginx-light', curl: 'curl', slirp4netns: 'slirp4netns' } as const;

/** Measures figure after figure and tells each as soon as it is known; progress goes to standard error. */
export async function* benchUsernet(options: UsernetOptions): AsyncGenerator<Comparison> {
  if (noNamespaces) throw new Error(`slirp4netns cannot be measured here: ${noNamespaces}`);
  const missing = missingPackages(PROGRAMS);
  if (missing.length > 0)
    throw new Error(
      `bench usernet needs ${missing.join(', ')}; install: sudo apt-get install ${missing.join(' ')}`,
    );
  const chosen = Object.entries(FIGURES).filter(([name]) => name.startsWith(options.only ?? ''));
  if (chosen.length === 0)
    throw new Error(`no figure '${options.only}'; there are ${Object.keys(FIGURES).join(', ')}`);
  for (const [name, measure] of chosen) {
    console.error(`bench: ${name}`);
    yield* await measure(options);
  }
}
