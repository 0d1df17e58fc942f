// kittiwake trace: lines about frames, captures that grow, break off or lie, and what was dropped.
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { CommandError } from '../../runtime/cli/errors.ts';
import { installAt } from '../../runtime/cli/install.ts';
import { main } from '../../runtime/cli/main.ts';
import { Capture, head, written, type Frame } from '../../runtime/cli/trace/capture.ts';
import { decode } from '../../runtime/cli/trace/decode.ts';
import { parseMetrics } from '../../runtime/cli/trace/drops.ts';
import { REASONS } from '../../runtime/cli/trace/reasons.ts';
import { root } from '../../scripts/setup/root.ts';
import { ethernet, ip, ipv4, mac } from '../packets.ts';
import { seeded } from '../random.ts';
import { encodeSegment } from '../segments.ts';
import { statsFile } from './stats-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'kittiwake-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [HERE, THERE] = [mac('02:00:00:00:00:02'), mac('02:00:00:00:00:01')];
const frame = (type: number, payload: Buffer): Buffer => ethernet(HERE, THERE, type, payload);
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const four = (protocol: number, payload: Buffer): Buffer =>
  frame(0x0800, ipv4(ip('10.0.0.1'), ip('10.0.0.2'), protocol, payload));
function six(next: number, payload: Buffer, to = 'fd00::2'): Buffer {
  const fixed = hex(
    `60000000 ${payload.length.toString(16).padStart(4, '0')} ${next.toString(16).padStart(2, '0')} 40`,
  );
  return frame(0x86dd, Buffer.concat([fixed, ip('fd00::1'), ip(to), payload]));
}
const segment = (flags: string, data: string): Buffer =>
  encodeSegment(ip('10.0.0.1'), ip('10.0.0.2'), {
    ...{ from: 40000, to: 7, seq: 100, ack: 200, flags, window: 1000, options: {} },
    data: Buffer.from(data),
  });
const arp = (operation: number): Buffer =>
  frame(
    0x0806,
    Buffer.concat([hex(`00010800 0604 000${operation}`), THERE, ip('10.0.0.1'), HERE, ip('10.0.0.2')]),
  );
const ECHO = hex('0800 0000 0005 0001 00000000');
const SOLICITATION = Buffer.concat([hex('87000000 00000000'), ip('fd00::2')]);

const FRAMES: readonly (readonly [string, Buffer])[] = [
  ['ARP, Request who-has 10.0.0.2 tell 10.0.0.1', arp(1)],
  ['ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:01', arp(2)],
  ['IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 5, seq 1, length 12', four(1, ECHO)],
  [
    'IP 10.0.0.1 > 10.0.0.2: ICMP destination unreachable, code 3, length 8',
    four(1, hex('0303000000000000')),
  ],
  ['IP 10.0.0.1.53 > 10.0.0.2.5000: UDP, length 2', four(17, hex('0035 1388 000a 0000 6869'))],
  ['IP 10.0.0.1.40000 > 10.0.0.2.7: Flags [S], seq 100, win 1000, length 0', four(6, segment('S', ''))],
  [
    'IP 10.0.0.1.40000 > 10.0.0.2.7: Flags [P.], seq 100:105, ack 200, win 1000, length 5',
    four(6, segment('PA', 'ahoy\n')),
  ],
  ['IP 10.0.0.1 > 10.0.0.2: protocol 99, length 4', four(99, hex('01020304'))],
  [
    'IP6 fd00::1 > fd00::2: ICMP6, echo request, id 5, seq 1, length 12',
    six(58, Buffer.concat([hex('80'), ECHO.subarray(1)])),
  ],
  [
    'IP6 fd00::1 > ff02::1:ff00:2: ICMP6, neighbor solicitation, who has fd00::2, length 24',
    six(58, SOLICITATION, 'ff02::1:ff00:2'),
  ],
  ['IP6 fd00::1 > fd00::2: fragment 7 at 8, length 8', six(44, hex('11 00 0009 00000007 0102030405060708'))],
  ['IP6 fd00::1.53 > fd00::2.5000: UDP, length 0', six(0, hex('11 00 010400000000 0035 1388 0008 0000'))],
  [
    'vlan 5, ARP, Request who-has 10.0.0.2 tell 10.0.0.1',
    frame(0x8100, Buffer.concat([hex('0005'), arp(1).subarray(12)])),
  ],
  ['ethertype 0x88cc, length 18', frame(0x88cc, hex('01020304'))],
];

describe('a line about a frame', () => {
  test.each(FRAMES)('%s', (line, bytes) => {
    expect(decode(bytes).text).toBe(line);
  });

  test('who it is from and for, as far as it says', () => {
    expect(decode(four(1, ECHO))).toMatchObject({ protocol: 'ICMP', from: '10.0.0.1', to: '10.0.0.2' });
    expect(decode(frame(0x88cc, Buffer.alloc(0)))).toMatchObject({
      from: '02:00:00:00:00:01',
      to: '02:00:00:00:00:02',
    });
  });

  test.each([
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
  ])('the address %s (RFC 5952)', (text, shown) => {
    expect(decode(six(59, Buffer.alloc(0), text)).to).toBe(shown);
  });

  test('cut anywhere, says so, and nothing else goes wrong', () => {
    for (const [line, bytes] of FRAMES)
      for (let size = 0; size < bytes.length; size++) {
        const { text } = decode(bytes.subarray(0, size));
        expect(
          text === line || / cut short$|malformed|length/.test(text),
          `${line} in ${size} bytes: ${text}`,
        ).toBe(true);
      }
    expect(decode(four(6, segment('S', '')).subarray(0, 40)).text).toBe(
      'IP 10.0.0.1 > 10.0.0.2: TCP, cut short',
    );
  });

  test('30,000 damaged ones make short lines of plain text', () => {
    const below = seeded(1);
    for (let i = 0; i < 30_000; i++) {
      const [, whole = Buffer.alloc(0)] = FRAMES[below(FRAMES.length)] ?? [];
      const bytes = Buffer.from(whole.subarray(0, below(4) === 0 ? below(whole.length + 1) : whole.length));
      for (let n = below(6); n > 0 && bytes.length > 0; n--) bytes[below(bytes.length)] = below(256);
      expect(decode(bytes).text).toMatch(/^[ -~]{1,250}$/);
    }
  });
});

const record = (bytes: Buffer, seconds = 1_700_000_000): Frame => ({
  seconds,
  nanoseconds: 123_456_789,
  length: bytes.length,
  bytes,
});
const sample = Buffer.concat([head(), ...FRAMES.map(([, bytes]) => written(record(bytes)))]);

/** The frames of a capture that comes in pieces of `size` bytes. */
function read(bytes: Buffer, size = bytes.length): Buffer[] {
  const capture = new Capture('x.pcap');
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const count = bytes.copy(capture.room, 0, at, Math.min(at + size, bytes.length));
    capture.taken(count);
    at += count;
    for (let next = capture.next(); next; next = capture.next()) found.push(Buffer.from(next.bytes));
  }
  return found;
}

/** `sample` with other words: `change` is given a DataView of it. */
function changed(change: (view: DataView) => void): Buffer {
  const bytes = Buffer.from(sample);
  change(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  return bytes;
}

describe('a capture', () => {
  test('is read in pieces of any size, with frames of any length', () => {
    const large = [Buffer.alloc(0), Buffer.alloc(262_144, 1), Buffer.alloc(262_144, 2), Buffer.alloc(3)];
    const all = Buffer.concat([sample, ...large.map((bytes) => written(record(bytes)))]);
    const expected = [...FRAMES.map(([, bytes]) => bytes), ...large];
    for (const size of [1, 7, 40, 65_536, all.length]) expect(read(all, size)).toEqual(expected);
  });

  test('of the other byte order, with microseconds', () => {
    const bytes = Buffer.alloc(24 + 16 + 2);
    for (const [index, word] of [0xa1b2c3d4, 0x0002_0004, 0, 0, 65535, 1, 5, 999_999, 2, 60].entries())
      bytes.writeUInt32BE(word, index * 4);
    const capture = new Capture('x');
    capture.taken(bytes.copy(capture.room));
    expect(capture.next()).toMatchObject({
      seconds: 5,
      nanoseconds: 999_999_000,
      length: 60,
      bytes: Buffer.alloc(2),
    });
  });

  test.each([
    ['is no capture', Buffer.from('hello')],
    [`is pcapng; convert it with 'editcap -F pcap'`, hex('0a0d0d0a 00000000')],
    ['holds no Ethernet frames, but link type 113', changed((view) => view.setUint32(20, 113, true))],
    ['is damaged at byte 24, where no record begins', changed((view) => view.setUint32(32, 262_145, true))],
    ['is damaged at byte 24, where no record begins', changed((view) => view.setUint32(36, 1, true))],
    ['is damaged at byte 24, where no record begins', changed((view) => view.setUint32(28, 1e9, true))],
    [
      'is damaged at byte 82, where no record begins',
      changed((view) => view.setUint32(90, 0xffff_ffff, true)),
    ],
  ])('that %s is refused', (cause, bytes) => {
    expect(() => read(bytes)).toThrow(`x.pcap: ${cause}`);
  });

  test('of which 3,000 are damaged: frames, or one line', () => {
    const below = seeded(2);
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const bytes = Buffer.from(sample.subarray(0, below(3) === 0 ? below(sample.length) : sample.length));
      for (let n = below(8); n > 0 && bytes.length > 0; n--) bytes[below(bytes.length)] = below(256);
      try {
        for (const found of read(bytes, 1 + below(200))) decode(found);
      } catch (error) {
        expect(error).toBeInstanceOf(CommandError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(300);
  });
});

interface Did {
  status: number;
  out: string;
  notes: string[];
}

/** Runs the command; `seen` is called with all output whenever there is more. */
async function trace(args: readonly string[], seen: (out: string) => void = () => undefined): Promise<Did> {
  const did: Did = { status: -1, out: '', notes: [] };
  did.status = await main(['trace', ...args], {
    out: (text) => seen((did.out += text)),
    note: (line) => did.notes.push(line),
    colour: false,
    install: installAt(folder),
    probeKvm: () => ({ state: 'missing', detail: '' }),
    exec: () => undefined,
  });
  return did;
}

const file = join(folder, 'net.pcap');
writeFileSync(file, sample);

describe('kittiwake trace', () => {
  test('shows each frame with its time', async () => {
    const { status, out, notes } = await trace([file]);
    expect(out).toBe(FRAMES.map(([line]) => `22:13:20.123456 ${line}\n`).join(''));
    expect({ status, notes }).toEqual({ status: 0, notes: ['14 frames'] });
  });

  test('shows so many, as JSON', async () => {
    const { out } = await trace(['--json', '-c', '1', file]);
    const [[text] = []] = FRAMES;
    const ends = { from: '10.0.0.1', to: '10.0.0.2' };
    expect(JSON.parse(out)).toEqual({
      time: '2023-11-14T22:13:20.123456789Z',
      length: 42,
      protocol: 'ARP',
      ...ends,
      text,
    });
  });

  test('follows a capture that grows, and the one that takes its place', async () => {
    const path = join(folder, 'growing.pcap');
    const bytes = written(record(arp(1)));
    writeFileSync(path, Buffer.concat([head(), bytes]));
    let step = 0;
    const { status, out, notes } = await trace(['--follow', '--count=3', path], () => {
      if (step++ === 0) {
        appendFileSync(path, bytes.subarray(0, 20));
        setTimeout(() => appendFileSync(path, bytes.subarray(20)), 150);
      } else if (step === 2) {
        writeFileSync(`${path}.new`, Buffer.concat([head(), bytes]));
        renameSync(`${path}.new`, path);
      }
    });
    expect(out.trimEnd().split('\n')).toHaveLength(3);
    expect({ status, notes }).toEqual({
      status: 0,
      notes: ['a new capture begins: the unikernel was started again', '3 frames'],
    });
  });

  test.each<[string[], number, RegExp]>([
    [[], 64, /^trace takes one capture; see 'kittiwake trace --help'$/],
    [['a', 'b'], 64, /^trace takes one capture/],
    [['--nonsense', file], 64, /Unknown option '--nonsense'; see 'kittiwake trace --help'$/],
    [['--count=0', file], 64, /^--count '0': not a number from 1 to 999999999$/],
    [['--metrics=10.0.0.2', file], 64, /^--metrics '10\.0\.0\.2': not an address and a port; write it as/],
    [['--metrics=host:1', file], 64, /^--metrics 'host:1': not an address/],
    [['--metrics=fd00::2:9100', file], 64, /^--metrics 'fd00::2:9100': not an address/],
    [['--metrics=10.0.0.2:65536', file], 64, /not an address and a port/],
    [['--json', file, '--', 'icmp'], 64, /^--json: not with '--'/],
    [['/nonexistent'], 66, /^\/nonexistent: no such file; name the file of a tender's '--pcap:NAME=FILE'$/],
    [[folder], 66, /: cannot be read \(EISDIR\)/],
    [[join(root, 'package.json')], 65, /package\.json: is no capture; name the file/],
    [[`--stats=${file}`, file], 65, /net\.pcap: holds no statistics/],
  ])('refuses %j', async (args, status, line) => {
    const did = await trace(args);
    expect(did.status).toBe(status);
    expect(did.notes).toEqual([expect.stringMatching(line)]);
  });

  test('refuses a capture that ends within a frame, behind the frames it has', async () => {
    const path = join(folder, 'cut.pcap');
    writeFileSync(path, sample.subarray(0, sample.length - 1));
    const { status, out, notes } = await trace([path]);
    expect(out.trimEnd().split('\n')).toHaveLength(13);
    expect({ status, notes }).toEqual({
      status: 65,
      notes: [expect.stringMatching(/ends within a frame; it is being written/)],
    });
  });
});

describe('drops', () => {
  test('are told with the reasons of the library OS', () => {
    const source = readFileSync(join(root, 'runtime/libos/iface/drop.ts'), 'utf8');
    const cases = (from: string): Map<string, string> => {
      const [body = ''] = source.slice(source.indexOf(from)).split('\n}\n');
      const found = body.matchAll(/case (\w+):\n\s+return '([^']+)';/g);
      return new Map([...found].map(([, name = '', text = '']) => [name, text]));
    };
    const words = cases('function reason');
    const expected = [...cases('function label')].map(([name, label]) => [label, words.get(name)]);
    expect(expected.length).toBeGreaterThan(30);
    expect(Object.entries(REASONS)).toEqual(expected);
  });

  test('are read from metrics, as far as they are known', () => {
    const text =
      'net_drops_total{reason="port"} 3\nnet_drops_total{reason="constructor"} 4\nnet_drops_total{reason="vlan"} x\n';
    expect([...parseMetrics(text)]).toEqual([['port', 3]]);
  });

  async function metrics(answer: string, status = 200): Promise<Server> {
    const server = createServer((_, response) => response.writeHead(status).end(answer)).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    return server;
  }

  test.each([
    [
      'net_drops_total{reason="port"} 3\n',
      200,
      '-- 3 × unikernel, port: no service at this port\n',
      ['1 frame, 3 dropped or late'],
    ],
    ['', 404, '', [expect.stringMatching(/^--metrics: status 404; is that/), '1 frame, 0 dropped or late']],
    [
      'x'.repeat(300_000),
      200,
      '',
      [expect.stringMatching(/^--metrics: the answer is too long; is/), '1 frame, 0 dropped or late'],
    ],
  ])('are asked for: %#', async (answer, code, line, notes) => {
    const server = await metrics(answer, code);
    const { port } = server.address() as AddressInfo;
    const did = await trace(['-c1', `--metrics=127.0.0.1:${port}`, file]);
    server.close();
    expect(did.out.split('\n').slice(1).join('\n')).toBe(line);
    expect({ status: did.status, notes: did.notes }).toEqual({ status: 0, notes });
  });

  test('of a unikernel that ends before it answers are not complained about', async () => {
    // The tender's counters tell that it has ended, by the process that counts into them.
    const program = join(folder, 'kittiwake-hvt');
    execFileSync('cp', ['/bin/sleep', program]);
    const tender = spawn(program, ['60']);
    onTestFinished(() => void tender.kill());
    await once(tender, 'spawn');
    const stats = statsFile();
    stats.writeUInt32LE(tender.pid ?? 0, 28);
    stats.writeBigUInt64LE(0n, 48);
    const counters = join(folder, 'counters');
    writeFileSync(counters, stats);
    const server = createServer((request) => {
      tender.once('exit', () => request.destroy()).kill('SIGKILL');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { status, notes } = await trace([
      '-c1',
      `--stats=${counters}`,
      `--metrics=127.0.0.1:${port}`,
      file,
    ]);
    server.close();
    expect({ status, notes }).toEqual({
      status: 0,
      notes: [expect.stringMatching(/^1 frame, \d+ dropped or late$/)],
    });
    expect(tender.killed).toBe(true);
  });
});
