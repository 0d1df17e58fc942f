// What the host counts of a unikernel, from a made-up /proc and /sys.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { countersOf } from '../../runtime/daemon/interfaces.ts';
import { RunFolder } from '../../runtime/daemon/run-folder.ts';
import { lookAt, type Places } from '../../runtime/daemon/statistics.ts';
import { tapName } from '../../runtime/daemon/taps.ts';
import type { Unikernel } from '../../runtime/daemon/table.ts';
import { data } from '../../runtime/protocol/data.ts';
import { decode, encode } from '../../runtime/protocol/der/codec.ts';
import { seeded } from '../random.ts';

const HEAD = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;
const WEB: Unikernel = {
  name: { path: ['team'], label: 'web' },
  digest: '',
  config: {
    ...{ typ: 'solo5', addName: false, failBehaviour: { kind: 'quit' }, cpuids: [], memory: 32, cpus: 1 },
    bridges: [{ name: 'service', bridge: 'br0' }, { name: 'back' }],
    blocks: [],
  },
};
const TAP = tapName(WEB.name, 'service');

let folder: string;
let places: Places;
const write = (path: string, text: string | Buffer): void => {
  fs.mkdirSync(join(folder, path, '..'), { recursive: true });
  fs.writeFileSync(join(folder, path), text);
};
const process = (pid: number, ticks: number, kilobytes: number): void => {
  const fields = Array.from({ length: 50 }, (_, at) => at + 3);
  [fields[14 - 3], fields[15 - 3], fields[24 - 3]] = [ticks, ticks * 2, kilobytes / 4];
  write(`proc/${pid}/stat`, `${pid} (kittiwake) S ${fields.slice(1).join(' ')}\n`);
  write(`proc/${pid}/statm`, '1 2 3 4 5 6 7\n');
  write(`proc/${pid}/status`, `Name:\tkittiwake\nVmHWM:\t${kilobytes * 2} kB\nvoluntary_ctxt_switches:\t7\n`);
};
const links = (lines: string): void => write('proc/net/dev', HEAD + lines);

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'kittiwake-statistics-'));
  places = { proc: join(folder, 'proc'), sys: join(folder, 'sys'), runs: join(folder, 'run') };
  write('proc/stat', 'cpu 1\nbtime 1000\n');
  links('');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

test("of a unikernel: its process and its interfaces, in from the host's side", () => {
  process(42, 100, 800);
  links(`    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
  ${TAP}:    1001 1002 1003 1004 0 0 0 1008 1009 1010 1011 1012 0 1014 0 0\n`);
  write(`sys/class/net/${TAP}/mtu`, '1500\n');
  write(`sys/class/net/${TAP}/flags`, '0x1103\n');
  const value = lookAt(places)(WEB, 42);
  expect(value).toMatchObject({
    rusage: { utime: 1_000_000n, stime: 2_000_000n, maxrss: 400n, nvcsw: 7n },
    memory: { rss: 200n, runtime: 3_000_000n },
  });
  expect(value?.interfaces).toEqual([
    {
      bridge: 'service',
      ...{ flags: 0x1103, mtu: 1500, sendLength: 0, maxSendLength: 0, sendDrops: 0, baudrate: 0n },
      ...{ inputBytes: 1001n, inputPackets: 1002n, inputErrors: 1003n, inputDropped: 1004n },
      ...{ inputMcast: 1008n, outputMcast: 0n, collisions: 1014n },
      ...{ outputBytes: 1009n, outputPackets: 1010n, outputErrors: 1011n, outputDropped: 1012n },
    },
  ]);
  // It goes over the wire as it is.
  if (!value) throw new Error('nothing');
  const told = { kind: 'statistics', value } as const;
  expect(decode(data, encode(data, told))).toEqual(told);
});

test('a guest that is kept by another process counts with it', () => {
  process(42, 1, 400);
  process(43, 100, 800);
  write('proc/42/task/42/children', '43 44 \n');
  expect(lookAt(places)(WEB, 42)).toMatchObject({
    rusage: { utime: 1_010_000n, stime: 2_020_000n, nvcsw: 14n },
    memory: { rss: 300n, start: 1000_220_000n },
  });
});

test('of a process that has ended there is nothing, whenever it ends', () => {
  expect(lookAt(places)(WEB, 42)).toBeUndefined();
  process(42, 1, 400);
  fs.rmSync(join(folder, 'proc/42/status'));
  expect(lookAt(places)(WEB, 42)).toBeUndefined();
});

test("a tender's own counters are told by name, and a file that holds none is passed over", () => {
  process(42, 1, 400);
  const { stats } = RunFolder.of('run', WEB.name);
  write(stats, 'no statistics');
  expect(lookAt(places)(WEB, 42)?.vmm).toBeUndefined();
  const bytes = Buffer.alloc(496 + 64 * 192);
  bytes.write('KTWSTATS', 'latin1');
  for (const [at, value] of Object.entries({ 8: 1, 12: bytes.length, 16: 1, 20: 2, 24: 42 }))
    bytes.writeUInt32LE(value, Number(at));
  bytes.writeBigUInt64LE(17n, 72);
  bytes.writeBigUInt64LE(2n ** 64n - 1n, 136 + 8 * 3);
  bytes.write('service', 496 + 192, 'latin1');
  bytes.writeUInt32LE(2, 496 + 192 + 68);
  bytes.writeUInt32LE(1, 496 + 192 + 72);
  bytes.writeBigUInt64LE(5n, 496 + 192 + 80);
  write(stats, bytes);
  const counters = new Map(lookAt(places)(WEB, 42)?.vmm?.map(({ name, value }) => [name, value]));
  expect(counters.get('exits.all')).toBe(17n);
  expect(counters.get('net.service.in_frames')).toBe(5n);
  // What no signed number of 64 bits holds is still one on the wire.
  expect(counters.get('calls.poll')).toBe(0n);
});

test('lines of interfaces that are none, or too short, are passed over, and nothing is thrown', () => {
  expect([...countersOf('x: 1 2 3\n: 1\ny: a b c\n').keys()]).toEqual([]);
  const random = seeded(7);
  const line = `  eth0.5@x: ${Array.from({ length: 16 }, (_, at) => at).join(' ')}\n`;
  expect(countersOf(line).get('eth0.5@x')?.sent.collisions).toBe(13n);
  let taken = 0;
  for (let round = 0; round < 5000; round++) {
    const bytes = Buffer.from(line.repeat(2));
    for (let i = random(5); i >= 0; i--) bytes[random(bytes.length)] = random(128);
    taken += countersOf(bytes.toString('latin1')).size;
  }
  expect(taken).toBeGreaterThan(1000);
});
