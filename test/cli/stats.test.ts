// kittiwake stats: what it makes of a tender's counters, and of files that hold none or lie.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { installAt } from '../../runtime/cli/install.ts';
import { main } from '../../runtime/cli/main.ts';
import { NoStatsError, parseStats, type Look } from '../../runtime/tender-stats.ts';
import { seeded } from '../random.ts';
import { statsFile as sample } from './stats-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'kittiwake-stats-'));
afterAll(() => rmSync(folder, { recursive: true }));

const nobody: Look = () => undefined;
const parse = (bytes: Buffer, look = nobody) => parseStats(bytes, look);

describe('statistics', () => {
  test('of hvt', () => {
    expect(parse(sample())).toMatchObject({
      tender: 'kittiwake-hvt',
      state: 'ended',
      pid: 100,
      guestPid: 101,
      memory: 4194304,
      resident: null,
      started: 1000,
      ended: 3000,
      end: { reason: 'exited', status: 42 },
      exits: { all: 17, interrupted: 0 },
      hypercalls: { poll: 5, halt: 0 },
      devices: [
        { name: 'service', type: 'net', source: 'tender', counters: { in_frames: 10, uncaptured: 19 } },
        { name: 'disk', type: 'block', source: 'tender', counters: { reads: 20, delayed_ns: 27 } },
      ],
    });
  });

  test('of spt hold what is known and no more', () => {
    const { exits, hypercalls, devices } = parse(sample(2));
    expect({ exits, hypercalls }).toEqual({ exits: null, hypercalls: null });
    expect(devices).toEqual([
      {
        name: 'service',
        type: 'net',
        source: 'interface',
        counters: { in_frames: 10, in_bytes: 11, out_frames: 12, out_bytes: 13, out_refused: 14 },
      },
      { name: 'disk', type: 'block', source: 'none', counters: {} },
    ]);
  });

  test('of a guest that runs, and of one that was killed, whose number another process has now', () => {
    const running = sample();
    running.writeBigUInt64LE(0n, 48);
    const found =
      (name: string): Look =>
      () => ({ name, resident: 4096 });
    expect(parse(running, found('kittiwake-hvt'))).toMatchObject({
      state: 'running',
      resident: 4096,
      end: null,
    });
    expect(parse(running, found('bash'))).toMatchObject({ state: 'killed', resident: null, end: null });
    expect(parse(running)).toMatchObject({ state: 'killed', resident: null });
  });
});

describe('a file', () => {
  const spoiled = (spoil: (bytes: Buffer) => void): Buffer => {
    const bytes = sample();
    spoil(bytes);
    return bytes;
  };
  test.each([
    ['is empty', Buffer.alloc(0), /holds no statistics$/],
    ['is of a guest that has not started', Buffer.alloc(12784), /has not started/],
    ['is another one', Buffer.from('#!/bin/sh\n'), /holds no statistics$/],
    ['is cut', sample().subarray(0, 12), /another version/],
    ['is cut further behind', sample().subarray(0, 5000), /is damaged/],
    ['is too long', Buffer.concat([sample(), Buffer.alloc(1)]), /is damaged/],
    ['is of another version', spoiled((bytes) => bytes.writeUInt32LE(2, 8)), /another version/],
    ['says another size', spoiled((bytes) => bytes.writeUInt32LE(7, 12)), /is damaged/],
    ['is of no tender', spoiled((bytes) => bytes.writeUInt32LE(3, 16)), /is damaged/],
    ['has no entries', spoiled((bytes) => bytes.writeUInt32LE(0, 20)), /is damaged/],
    ['has too many entries', spoiled((bytes) => bytes.writeUInt32LE(65, 20)), /is damaged/],
    ['has a bad name', spoiled((bytes) => bytes.write('a\x1b[', 496 + 192, 'latin1')), /is damaged/],
    ['has a name without end', spoiled((bytes) => bytes.fill('a', 496 + 192, 496 + 260)), /is damaged/],
  ])('that %s is refused', (_, bytes, line) => {
    expect(() => parse(bytes)).toThrow(line);
    expect(() => parse(bytes)).toThrow(NoStatsError);
  });

  test('with any bytes changed is taken or refused, never more', () => {
    const random = seeded(1);
    let taken = 0;
    for (let round = 0; round < 20_000; round++) {
      const bytes = sample();
      for (let i = random(6); i >= 0; i--)
        bytes[random(4) > 0 ? random(700) : random(bytes.length)] = random(256);
      try {
        const stats = parse(bytes.subarray(0, random(8) === 0 ? random(bytes.length) : bytes.length));
        JSON.stringify(stats);
        taken++;
      } catch (error) {
        if (!(error instanceof NoStatsError)) throw error;
      }
    }
    expect(taken).toBeGreaterThan(1000);
    expect(taken).toBeLessThan(19_000);
  });
});

describe('the command', () => {
  async function kittiwake(...args: string[]) {
    const did = { status: -1, out: '', notes: [] as string[] };
    did.status = await main(['stats', ...args], {
      out: (text) => (did.out += text),
      note: (line) => did.notes.push(line),
      colour: false,
      install: installAt(folder),
      probeKvm: () => ({ state: 'real', detail: '' }),
      exec: () => undefined,
    });
    return did;
  }
  const file = join(folder, 'guest.stats');
  writeFileSync(file, sample());

  test('shows the counters that count', async () => {
    expect(await kittiwake(file)).toEqual({
      status: 0,
      notes: [],
      out: `guest    ended (exited) with status 42, started 1970-01-01T00:00:01.000Z
memory   4194304 bytes
exits    all 17
calls    poll 5
net service: in_frames 10, in_bytes 11, out_frames 12, out_bytes 13, out_refused 14, out_bad 15, out_delayed 16, in_delayed 17, captured 18, uncaptured 19
block disk: reads 20, read_bytes 21, read_errors 22, writes 23, written_bytes 24, write_errors 25, delayed 26, delayed_ns 27

`,
    });
  });

  test('shows JSON, and stops watching a guest that has ended', async () => {
    const { out, status } = await kittiwake('--json', '--follow', file);
    expect(JSON.parse(out)).toMatchObject({ state: 'ended' });
    expect(status).toBe(0);
  });

  test.each([
    [['a', 'b'], 64, /takes one NAME, PATH or FILE/],
    [['--watch', 'a'], 64, /see 'kittiwake stats --help'/],
    [[join(folder, 'none')], 66, /no such file/],
    [[folder], 66, /not a file/],
    [['/dev/null'], 66, /not a file/],
    [['--sockets=/run', file], 64, /--sockets: of no use with a file/],
  ] as const)('%j is refused', async (args, status, line) => {
    const did = await kittiwake(...args);
    expect(did.status).toBe(status);
    expect(did.notes.join()).toMatch(line);
  });
});
