// --pcap:NAME=FILE: what is in the file, by reading it byte for byte and with tcpdump, and what happens where it cannot be written.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readStats } from '../../runtime/cli/stats.ts';
import { parseStats } from '../../runtime/tender-stats.ts';
import { labVm } from '../vm/lab.ts';
import { word } from './code.ts';
import { exit, guestElf } from './guest-elf.ts';
import { fixtures, imageFolder, inNamespace, noTaps, run, TAP0, tender, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const folder = dirname(image('beside', ''));
const spt = join(tenders, 'kittiwake-spt');
const netcheck = join(fixtures, 'netcheck.spt');

interface Frame {
  readonly time: number;
  readonly bytes: Buffer;
}

/** The frames of a classic pcap file with nanoseconds; throws where it is not whole. */
function frames(file: Buffer): Frame[] {
  expect(file.readUInt32LE(0).toString(16)).toBe('a1b23c4d');
  expect([file.readUInt16LE(4), file.readUInt16LE(6)]).toEqual([2, 4]);
  expect([file.readUInt32LE(8), file.readUInt32LE(12), file.readUInt32LE(16)]).toEqual([0, 0, 262144]);
  expect(file.readUInt32LE(20)).toBe(1);
  const found: Frame[] = [];
  for (let at = 24; at < file.length;) {
    const length = file.readUInt32LE(at + 8);
    expect(file.readUInt32LE(at + 12)).toBe(length);
    expect(file.readUInt32LE(at + 4)).toBeLessThan(1e9);
    expect(at + 16 + length).toBeLessThanOrEqual(file.length);
    found.push({
      time: file.readUInt32LE(at) + file.readUInt32LE(at + 4) / 1e9,
      bytes: file.subarray(at + 16, at + 16 + length),
    });
    at += 16 + length;
  }
  return found;
}

/** ICMP echo requests (8) and replies (0) of IPv4. */
const echoes = (all: readonly Frame[], type: number): number =>
  all.filter(({ bytes }) => bytes.readUInt16BE(12) === 0x0800 && bytes[23] === 1 && bytes[34] === type)
    .length;

/** Runs netcheck under spt in a namespace, with a shell script that talks to it. */
function capture(name: string, script: string, ...options: string[]) {
  const file = join(folder, name);
  const all = `
${TAP0}
"$0" --mem=4 --net:service=tap0 --pcap:service="$1" --stats="$1.stats" ${options.join(' ')} "$2" >&2 &
ping -q -c 1 -w 15 10.0.0.2 >&2 || exit 1
${script}`;
  const ended = inNamespace(all, spt, file, netcheck);
  return { ended, file, read: () => frames(readFileSync(file)), stats: () => readStats(`${file}.stats`) };
}

describe.skipIf(noTaps)(`under spt ${noTaps ?? ''}`, () => {
  test('a capture holds each frame, both ways, in their order', () => {
    const { ended, file, read, stats } = capture(
      'both.pcap',
      'ping -q -f -c 100 -s 1000 10.0.0.2 >&2; kill $!; wait $!; echo $?',
    );
    expect(ended.out).toBe('0\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const all = read();
    expect(echoes(all, 8)).toBeGreaterThanOrEqual(101);
    expect(echoes(all, 0)).toBeGreaterThanOrEqual(101);
    expect(all.filter(({ bytes }) => bytes.length === 1042)).toHaveLength(200);
    expect(all.every(({ time }, index) => index === 0 || time >= (all[index - 1]?.time ?? 0))).toBe(true);
    const [device] = stats().devices;
    expect(device).toMatchObject({ source: 'tender', counters: { captured: all.length, uncaptured: 0 } });
    const { in_frames = 0, out_frames = 0, in_bytes = 0, out_bytes = 0 } = device?.counters ?? {};
    expect(in_frames + out_frames).toBe(all.length);
    expect(in_bytes + out_bytes).toBe(all.reduce((sum, { bytes }) => sum + bytes.length, 0));
  });

  test('it can be read while the guest runs, and is whole after kill -9', () => {
    const { ended, file, read } = capture(
      'running.pcap',
      'cp "$1" "$1.copy"; ping -q -f -c 50 10.0.0.2 >&2; kill -9 $!; wait $!; echo $?',
    );
    expect(ended.out).toBe('137\n');
    expect(echoes(frames(readFileSync(`${file}.copy`)), 8)).toBeGreaterThanOrEqual(1);
    // The last of 51 may have left for ping, which had the tender killed, and not yet for the file.
    expect(echoes(read(), 0)).toBeGreaterThanOrEqual(50);
  });

  test('no frame is lost on the way, nor delayed for long', () => {
    const { ended } = capture('flood.pcap', 'ping -q -f -c 2000 -s 1400 10.0.0.2; kill $!');
    expect(ended.out).toContain('2000 packets transmitted, 2000 received, 0% packet loss');
  });

  test('large segments lose their offload header, and pass', () => {
    const { ended, read } = capture(
      'large.pcap',
      `timeout 40 bash -c 'exec 3<>/dev/tcp/10.0.0.2/19; head -c 3000000 <&3 | wc -c'; kill $!`,
    );
    expect(ended.out).toBe('3000000\n');
    const all = read();
    expect(all.some(({ bytes }) => bytes.length > 1514)).toBe(true);
    expect(all.every(({ bytes }) => [0x0800, 0x0806, 0x86dd].includes(bytes.readUInt16BE(12)))).toBe(true);
  });

  test('where there is no more room, the guest runs on without, after one line', () => {
    const limited = join(folder, 'limited.sh');
    writeFileSync(limited, `#!/bin/sh\nulimit -f 60\nexec ${spt} "$@"\n`, { mode: 0o755 });
    const script = `
${TAP0}
"$0" --mem=4 --net:service=tap0 --pcap:service="$1" --stats="$1.stats" "$2" >/dev/null &
ping -q -c 1 -w 15 10.0.0.2 >/dev/null || exit 1
ping -q -f -c 200 -s 1000 10.0.0.2
kill $!; wait $!`;
    const file = join(folder, 'full.pcap');
    const ended = inNamespace(script, limited, file, netcheck);
    expect(ended.out).toContain('200 packets transmitted, 200 received, 0% packet loss');
    expect(ended.err).toMatch(
      /^kittiwake-spt: net service: the capture to .*full\.pcap stopped \((EFBIG|no room for a whole frame)\); the guest runs on, make room and start it again$/m,
    );
    const all = frames(readFileSync(file)); // the last record is whole
    expect(all.length).toBeGreaterThan(5);
    const [device] = readStats(`${file}.stats`).devices;
    expect(device?.counters['captured']).toBe(all.length);
    expect(device?.counters['uncaptured']).toBeGreaterThan(300);
  });

  const noTcpdump = spawnSync('tcpdump', ['--version']).error ? 'skipped: no tcpdump' : undefined;
  test.skipIf(noTcpdump)(`tcpdump reads it ${noTcpdump ?? ''}`, () => {
    const { file, read } = capture('tcpdump.pcap', 'ping -q -f -c 10 10.0.0.2 >&2; kill $!');
    const shown = run('tcpdump', ['-n', '-v', '-r', file]);
    expect(shown.err).toContain('link-type EN10MB (Ethernet)');
    expect(shown.out).not.toMatch(/bad cksum|wrong|truncated/);
    expect(run('tcpdump', ['-n', '-r', file]).out.trim().split('\n')).toHaveLength(read().length);
  });

  test('a guest that ends at once has sent its last frame', () => {
    // write(hostfd, CODE, 64); the frame is the guest's own code.
    const fd = 0x11028 + 8 + 104 + 88;
    const write = [
      0x8b,
      0x3c,
      0x25,
      ...word(fd),
      0xbe,
      ...word(0x100000),
      0xba,
      ...word(64),
      0xb8,
      ...word(1),
      0x0f,
      0x05,
    ];
    const code = [...Array.from({ length: 20 }, () => write).flat(), ...exit(0)];
    const guest = image('last.spt', guestElf({ code, devices: [{ name: 'service', type: 2 }] }));
    const file = join(folder, 'last.pcap');
    const script =
      'ip tuntap add tap0 mode tap; ip link set tap0 up; "$0" --mem=4 --net:service=tap0 --pcap:service="$1" "$2"; echo $?';
    const ended = inNamespace(script, spt, file, guest);
    expect(ended.out).toBe('0\n');
    const own = frames(readFileSync(file)).filter(({ bytes }) => bytes.length === 64);
    expect(own.length).toBe(20);
  });
});

describe('a capture', () => {
  const hello = join(fixtures, 'hello.spt');
  test.each([
    [['--pcap:eth0=x', hello], 78, /net eth0: given but not declared by hello.spt/],
    [['--pcap:service=x', netcheck], 78, /net service: declared .* but not given; add --net:service=TAP/],
    [['--pcap:service', netcheck], 64, /write it as '--pcap:NAME=FILE'/],
    [
      ['--pcap:service=x', '--pcap:service=y', netcheck],
      64,
      /device 'service' was already given; give each device once/,
    ],
  ])('%j is refused', (args, status, line) => {
    const ended = tender('spt', '--sysexits', ...args);
    expect(ended.err).toMatch(line);
    expect(ended.status).toBe(status);
    expect(existsSync('x')).toBe(false);
  });
});

// ---- hvt, with real KVM in a lab VM ----

describe('under hvt', () => {
  const lab = labVm(60_000);

  test('a capture holds each frame, and the counters agree', async () => {
    const { out } =
      await lab.run(`(ip tuntap add tap9 mode tap; ip addr add 10.9.0.1/24 dev tap9; ip link set tap9 up
kittiwake-hvt --mem=4 --net:service=tap9 --pcap:service=/dev/shm/p --stats=/dev/shm/s /usr/local/share/kittiwake/images/netcheck.hvt --ipv4=10.9.0.2/24 >/dev/null &
ping -q -c 1 -w 15 10.9.0.2; ping -q -c 20 -i 0.01 -s 600 10.9.0.2; kill $!; wait $!) >/dev/null 2>&1
base64 -w 0 /dev/shm/p; echo; base64 -w 0 /dev/shm/s; ip link del tap9`);
    const [pcap = '', stats = ''] = out.split('\n');
    const all = frames(Buffer.from(pcap, 'base64'));
    expect(echoes(all, 8)).toBeGreaterThanOrEqual(21);
    expect(echoes(all, 0)).toBeGreaterThanOrEqual(21);
    const { devices, hypercalls } = parseStats(Buffer.from(stats, 'base64'), () => undefined);
    const { in_frames = 0, out_frames = 0, captured } = devices[0]?.counters ?? {};
    expect(in_frames + out_frames).toBe(all.length);
    expect(captured).toBe(all.length);
    expect(hypercalls?.['net_write'] ?? 0).toBeLessThanOrEqual(out_frames);
  });
});
