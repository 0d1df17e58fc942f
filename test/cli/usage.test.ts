// What a unikernel of the orchestrator uses, as kittiwake stats shows it; and the command against a server that says what a test wants.
import * as fs from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { installAt } from '../../runtime/cli/install.ts';
import { main } from '../../runtime/cli/main.ts';
import { cpuShare, size, type Sample } from '../../runtime/cli/usage.ts';
import { Deframer, frame } from '../../runtime/protocol/frame.ts';
import { decodeMessage, encodeMessage, type Payload } from '../../runtime/protocol/message.ts';
import { parseName } from '../../runtime/protocol/name.ts';
import type { Info, Status } from '../../runtime/protocol/reply.ts';
import { statisticsOf } from '../daemon/sample.ts';

const sample = (seconds: number, ticks: number, start = 0): Sample => ({
  at: new Date(seconds * 1000),
  statistics: statisticsOf({ ticks, start }),
});

test('the share of a processor is since the line before, and since the start in the first', () => {
  expect(cpuShare(sample(10, 200), undefined)).toBe(20);
  expect(cpuShare(sample(12, 300), sample(10, 200))).toBe(50);
  // It was started again between: what it had before is another's.
  expect(cpuShare(sample(12, 100, 11), sample(10, 200))).toBe(100);
  expect(cpuShare(sample(10, 200), sample(10, 200))).toBeUndefined();
  expect(cpuShare(sample(10, 100), sample(12, 200))).toBe(50);
  // A clock that is behind the server's says nothing.
  expect(cpuShare(sample(10, 100, 20), undefined)).toBeUndefined();
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [9.99 * 1024, '10.0 kB'],
  [10 * 1024, '10 kB'],
  [1023 * 1024, '1.0 MB'],
  [16 << 20, '16 MB'],
  [2 ** 63, '8388608 TB'],
])('%d bytes are %s', (bytes, words) => {
  expect(size(bytes)).toBe(words);
});

describe('the command', () => {
  let folder: string;
  let servers: Server[];
  let statuses: Status[] | 'albatross';
  let statistics: [name: string, ticks: number][];
  let late: typeof statistics;
  /** Whether who asked for statistics had ended what it said. */
  let ended: boolean[];

  const info = { memory: 32 } as Info;
  const running = (name: string): Status => ({
    name: parseName(name),
    info: {
      ...info,
      ...{ typ: 'solo5', failBehaviour: { kind: 'quit' }, cpuids: [], digest: new Uint8Array(0), cpus: 1 },
      ...{ blocks: [], bridges: [], started: new Date(0) },
    },
    state: { kind: 'running', value: { pid: 1, since: new Date(0) } },
  });

  beforeEach(async () => {
    folder = await fs.mkdtemp(join(tmpdir(), 'kittiwake-usage-'));
    [statuses, statistics, late, ended] = [[running('a'), running('team:b')], [], [], []];
    servers = await Promise.all(
      ['vmmd', 'stat'].map(async (name) => {
        const server = createServer({ allowHalfOpen: true }, (socket) => {
          const deframer = new Deframer();
          let half = false;
          socket.on('end', () => {
            half = true;
            ended.push(true);
          });
          socket.on('error', () => undefined);
          socket.on('data', (chunk: Buffer) => {
            for (const body of deframer.push(chunk)) {
              const asked = decodeMessage(body);
              const say = (payload: Payload, subject = asked.name): void =>
                void socket.write(frame(encodeMessage({ sequence: 0n, name: subject, payload })));
              if (name === 'stat') {
                say({ kind: 'success', value: { kind: 'text', value: 'subscribed' } });
                for (const [subject, ticks] of statistics)
                  say(
                    {
                      kind: 'data',
                      value: { kind: 'statistics', value: statisticsOf({ ticks, pages: 256 }) },
                    },
                    parseName(subject),
                  );
                // Later than what comes together does, as on a slow host.
                for (const [subject, ticks] of late)
                  setTimeout(
                    () =>
                      say(
                        { kind: 'data', value: { kind: 'statistics', value: statisticsOf({ ticks }) } },
                        parseName(subject),
                      ),
                    600,
                  );
                if (statuses !== 'albatross') setTimeout(() => socket.end(), late.length > 0 ? 700 : 0);
              } else if (asked.payload.kind === 'command' && asked.payload.value.kind === 'kittiwake') {
                if (statuses === 'albatross') socket.end();
                else say({ kind: 'success', value: { kind: 'states', value: statuses } });
              } else {
                const value = [{ name: parseName('a'), info: running('a').info }];
                say({ kind: 'success', value: { kind: 'unikernels', value } });
              }
            }
            if (half) socket.end();
          });
        }).listen(join(folder, `${name}.sock`));
        await once(server, 'listening');
        return server;
      }),
    );
  });
  afterEach(async () => {
    for (const server of servers) server.close();
    await fs.rm(folder, { recursive: true });
  });

  async function kittiwake(...args: string[]) {
    const did = { status: -1, out: '', notes: [] as string[] };
    did.status = await main(['stats', '--sockets', folder, ...args], {
      out: (text) => (did.out += text),
      note: (line) => did.notes.push(line),
      colour: false,
      install: installAt(folder),
      probeKvm: () => ({ state: 'real', detail: '' }),
      exec: () => undefined,
    });
    return did;
  }

  test('shows all there are once, by their names', async () => {
    statistics = [
      ['team:b', 100],
      ['a', 250],
    ];
    const { status, out } = await kittiwake();
    expect(status).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['NAME', 'CPU', 'CPU TIME', 'MEMORY', 'OF', 'NET IN', 'NET OUT', 'DROPPED'],
      ['a', '0.0 %', '2.50 s', '1.0 MB', '32 MB', '0 B', '0 B', '0'],
      ['team:b', '0.0 %', '1.00 s', '1.0 MB', '32 MB', '0 B', '0 B', '0'],
      [''],
    ]);
  });

  test('shows all there are, however slowly they come', async () => {
    statistics = [['a', 100]];
    late = [['team:b', 100]];
    expect((await kittiwake()).out.match(/^(a|team:b) /gm)).toEqual(['a ', 'team:b ']);
  });

  test('names below a path are whole again, and each is a line of JSON', async () => {
    statistics = [[':b', 100]];
    const { out } = await kittiwake('team:', '--json');
    expect(JSON.parse(out)).toMatchObject({
      name: 'team:b',
      cpu: { user: 1, system: 0 },
      memory: { resident: 1 << 20, given: 32 << 20 },
      networks: [],
    });
  });

  test('follows until the server ends', async () => {
    statistics = [['a', 100]];
    const { out, status } = await kittiwake('-f', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ name: 'a' });
  });

  test('of an Albatross server waits for the first that comes, as it tells nobody who says no more', async () => {
    statuses = 'albatross';
    statistics = [['a', 100]];
    const { out, status } = await kittiwake();
    expect(status).toBe(0);
    expect(out).toMatch(/^a +0\.0 % +1\.00 s/m);
  });

  test('one that does not run is said not to', async () => {
    statuses = [];
    expect(await kittiwake('web')).toEqual({
      status: 69,
      out: '',
      notes: ["web: no such unikernel runs; 'kittiwake ps' lists those there are"],
    });
    expect((await kittiwake()).out).toMatch(/^NAME .*DROPPED\n$/);
  });
});
