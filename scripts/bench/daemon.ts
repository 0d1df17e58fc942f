// The orchestrator: how soon a unikernel it is given runs, how much memory that takes, and how fast it hands on what is printed. The peer is the tender
// alone, started by the same program that measures.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { RunFolder } from '../../runtime/daemon/run-folder.ts';
import { parseName } from '../../runtime/protocol/name.ts';
import { checker, create, DaemonHost, unikernel } from '../../test/daemon/host.ts';
import { noNamespaces, type Namespace } from '../../test/net/namespace.ts';
import { residentKilobytes } from '../../test/net/process.ts';
import { runtimeTree } from '../runtime.ts';
import { inTurns, weigh, type Comparison } from './compare.ts';

export interface DaemonOptions {
  readonly runs: number;
  readonly only: string | undefined;
}

/** Unikernels that are made in a round, one after the other. */
const CREATES = 40;
/** Clients that ask at a time, where that is measured. */
const CLIENTS = 8;
const MANY = 200;
const MEMORY = 4;
/** Lines that are printed at once: no more than are kept of what comes at once. */
const LINES = 10_000;

const installed = (program: string): string => join(runtimeTree, 'bin', program);
const image = join(runtimeTree, 'share/kittiwake/images/netcheck.spt');

async function withDaemon<T>(action: (host: DaemonHost) => Promise<T>): Promise<T> {
  await using host = await DaemonHost.open([installed('kittiwaked')]);
  await host.start();
  return await action(host);
}

const addressOf = (at: number): string => `10.0.${1 + Math.floor(at / 250)}.${1 + (at % 250)}`;

async function make(host: DaemonHost, at: number): Promise<number> {
  const value = await checker(addressOf(at), { memory: MEMORY });
  const started = performance.now();
  await host.ask(`u${at}`, create(value));
  return performance.now() - started;
}

/** The `share` of `values` that is not above what is returned. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** A tender without an orchestrator, once its guest has begun; `ms` is what that took. */
async function alone(
  namespace: Namespace,
  tap: string,
  address: string,
): Promise<{ child: ChildProcess; ms: number }> {
  const started = performance.now();
  const command = [
    installed('kittiwake-spt'),
    '--events=3',
    `--mem=${MEMORY}`,
    `--net:service=${tap}`,
    '--',
    image,
  ];
  const child = namespace.start([...command, `--ipv4=${address}/16`], ['ignore', 'ignore', 'ignore', 'pipe']);
  let said = '';
  for await (const text of child.stdio[3] as Readable) {
    said += String(text);
    if (said.includes('"started"')) break;
  }
  if (!said.includes('"started"')) throw new Error(`${installed('kittiwake-spt')}: ${said}`);
  return { child, ms: performance.now() - started };
}

/** Ends a tender, whose interface is free after that. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

/** From the request to the answer, which comes when the guest has begun; beside the tender alone with a tap that is there. */
async function creation({ runs }: DaemonOptions): Promise<Comparison[]> {
  const [ours = [], theirs = []] = await withDaemon(async (host) => {
    await host.namespace.tap('alone');
    return inTurns(runs, [
      {
        name: 'kittiwaked',
        async run() {
          const times: number[] = [];
          for (let at = 0; at < CREATES; at += 1) times.push(await make(host, at));
          for (let at = 0; at < CREATES; at += 1) await host.ask(`u${at}`, unikernel('destroy'));
          return times;
        },
      },
      {
        name: 'the tender alone',
        async run() {
          const times: number[] = [];
          for (let at = 0; at < CREATES; at += 1) {
            const { child, ms } = await alone(host.namespace, 'alone', '10.1.0.2');
            await ended(child);
            times.push(ms);
          }
          return times;
        },
      },
    ]);
  });
  return (['p50', 'p99'] as const).flatMap((name) =>
    weigh(
      `daemon.create.${name}`,
      'ms',
      ['kittiwake create', 'kittiwake-spt alone'],
      [ours, theirs].map((rounds) => rounds.map((times) => percentile(times, name === 'p50' ? 0.5 : 0.99))),
    ),
  );
}

/** Of several clients at a time. */
async function rate({ runs }: DaemonOptions): Promise<Comparison[]> {
  const samples = await withDaemon((host) =>
    inTurns(runs, [
      {
        name: 'kittiwaked',
        async run() {
          const started = performance.now();
          let next = 0;
          const client = async (): Promise<void> => {
            while (next < CREATES) await make(host, next++);
          };
          await Promise.all(Array.from({ length: CLIENTS }, client));
          const seconds = (performance.now() - started) / 1000;
          for (let at = 0; at < CREATES; at += 1) await host.ask(`u${at}`, unikernel('destroy'));
          return CREATES / seconds;
        },
      },
    ]),
  );
  return weigh('daemon.rate', 'creates/s', [`kittiwake create, ${CLIENTS} clients`], samples);
}

/** KiB of memory that is `pid`'s own share. */
function share(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
}

const one = (what: string, unit: string, name: string, value: number): Comparison => ({
  ...{ what, unit, runs: 1 },
  ours: { name, median: value },
});

/** With many at a time: memory, and how long the next daemon takes to have them. */
async function many({ runs }: DaemonOptions): Promise<Comparison[]> {
  return withDaemon(async (host) => {
    for (let at = 0; at < MANY; at += 1) await make(host, at);
    const pids = [...(await host.processes()).values()];
    const resident = residentKilobytes(host.daemon?.pid ?? 0) / 1024;
    await host.namespace.tap('alone');
    const { child } = await alone(host.namespace, 'alone', '10.1.0.2');
    const names = ['an idle unikernel', 'kittiwake-spt alone'];
    const idle = weigh('daemon.memory.idle', 'KiB', names, [
      pids.map(share),
      pids.map(() => share(child.pid ?? 0)),
    ]);
    const restarts = await inTurns(runs, [
      {
        name: 'kittiwaked',
        async run() {
          await host.end('SIGKILL');
          const started = performance.now();
          await host.start();
          return performance.now() - started;
        },
      },
      {
        name: 'node -e 0',
        async run() {
          const started = performance.now();
          await once(spawn(join(runtimeTree, 'lib/kittiwake/node'), ['-e', '0']), 'exit');
          return performance.now() - started;
        },
      },
    ]);
    return [
      one(`daemon.rss.${MANY}`, 'MB', `kittiwaked with ${MANY} unikernels`, resident),
      ...idle,
      ...weigh(`daemon.restart.${MANY}`, 'ms', ['kittiwaked', "node -e 0, the daemon's own Node"], restarts),
    ];
  });
}

/** Lines from a console to a client: written where a unikernel prints, read where `kittiwake logs -f` does; beside cat. */
async function lines({ runs }: DaemonOptions): Promise<Comparison[]> {
  const text = Array.from({ length: LINES }, (_, at) => `a line of a unikernel, number ${at}\n`).join('');
  const folder = mkdtempSync(join(tmpdir(), 'kittiwake-bench-'));
  const copy = join(folder, 'copy');
  await once(spawn('mkfifo', [copy]), 'exit');
  try {
    return await withDaemon(async (host) => {
      const ours = async (): Promise<number> => {
        await make(host, 0);
        const fifo = RunFolder.of(host.runs, parseName('u0')).console;
        const asked = {
          kind: 'console',
          value: { kind: 'subscribe', value: { kind: 'count', value: 1 } },
        } as const;
        await using exchange = await host.client.open(parseName('u0'), asked, true);
        const started = performance.now();
        const written = fs.appendFile(fifo, text);
        for await (const { data } of exchange.data())
          if (data.kind === 'console' && data.value.line.endsWith(`number ${LINES - 1}`)) break;
        const seconds = (performance.now() - started) / 1000;
        await written;
        await host.ask('u0', unikernel('destroy'));
        return LINES / seconds;
      };
      const theirs = async (): Promise<number> => {
        const reader = spawn('cat', [copy], { stdio: ['ignore', 'pipe', 'ignore'] });
        const started = performance.now();
        const written = fs.writeFile(copy, text);
        let bytes = 0;
        for await (const piece of reader.stdout) bytes += (piece as Buffer).length;
        await written;
        if (bytes !== text.length) throw new Error(`cat handed on ${bytes} bytes of ${text.length}`);
        return LINES / ((performance.now() - started) / 1000);
      };
      const samples = await inTurns(runs, [
        { name: 'kittiwaked', run: ours },
        { name: 'cat', run: theirs },
      ]);
      return weigh('daemon.console', 'lines/s', ['console to client', 'cat'], samples);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const FIGURES: Readonly<Record<string, (options: DaemonOptions) => Promise<Comparison[]>>> = {
  'daemon.create': creation,
  'daemon.rate': rate,
  'daemon.many': many,
  'daemon.console': lines,
};

/** Measures figure after figure and tells each as soon as it is known; progress goes to standard error. */
export async function* benchDaemon(options: DaemonOptions): AsyncGenerator<Comparison> {
  if (noNamespaces) throw new Error(`the orchestrator cannot be measured here: ${noNamespaces}`);
  const chosen = Object.entries(FIGURES).filter(([name]) => name.startsWith(options.only ?? ''));
  if (chosen.length === 0)
    throw new Error(`no figure '${options.only}'; there are ${Object.keys(FIGURES).join(', ')}`);
  for (const [name, measure] of chosen) {
    console.error(`bench: ${name}`);
    yield* await measure(options);
  }
}
