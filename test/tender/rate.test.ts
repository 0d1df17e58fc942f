// --net-rate and --block-rate: that what passes is what was allowed, and that the rest waits and is not lost. The arithmetic has its own
// test, against an exact model (fuzz.test.ts); here nothing can be slower than the machine, so only lower bounds of time are looked at.
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readStats } from '../../runtime/cli/stats.ts';
import { parseStats } from '../../runtime/tender-stats.ts';
import { labVm, written } from '../vm/lab.ts';
import { DATA, halt, hypercall, store, word } from './code.ts';
import { call, exit, guestElf, type Segment } from './guest-elf.ts';
import { fixtures, imageFolder, inNamespace, noTaps, TAP0, tender, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const folder = dirname(image('beside', ''));
const spt = join(tenders, 'kittiwake-spt');
const netcheck = join(fixtures, 'netcheck.spt');

describe('an option', () => {
  test.each([
    [
      '--net-rate:service=10M',
      /not a rate; give each limit as KEY=RATE or KEY=RATE\/BURST, from 1 to 8G, as/,
    ],
    ['--net-rate:service=in=', /not a rate/],
    ['--net-rate:service=in=0', /not a rate/],
    ['--net-rate:service=in=9G', /not a rate/],
    ['--net-rate:service=in=99999999999999999999', /not a rate/],
    ['--net-rate:service=in=1T', /not a rate/],
    ['--net-rate:service=in=1M/', /not a rate/],
    ['--net-rate:service=in=1M/0', /not a rate/],
    ['--net-rate:service=in=1M/9G', /not a rate/],
    ['--net-rate:service=in=1M,', /not a rate/],
    ['--net-rate:service=in=1M out=1M', /not a rate/],
    ['--net-rate:service=-in=1M', /not a rate/],
    ['--net-rate:service=bytes=1M', /not a rate/],
    ['--net-rate:service=in=1M,in=2M', /'in' was already given; give each limit once/],
    ['--net-rate:service', /needs a value; write it as '--net-rate:NAME=in=10M/],
    ['--block-rate:disk=in=1M', /as '--block-rate:NAME=bytes=10M,operations=100'/],
    ['--block-rate:disk=operations=5,operations=6', /'operations' was already given/],
    ['--block-rate:di-sk=operations=5', /malformed device name/],
  ])('%s is refused', (option, line) => {
    const ended = tender('spt', '--sysexits', option, netcheck);
    expect(ended.err).toMatch(line);
    expect(ended.status).toBe(64);
  });

  test.each([
    ['--net-rate:service=in=1,out=8G/8G,in-frames=1K/1,out-frames=2M', /net service: declared/],
    ['--net-rate:eth0=in=1M', /net eth0: given but not declared/],
    ['--block-rate:disk=bytes=1M', /block disk: given but not declared/],
  ])('%s is taken, and its device looked for', (option, line) => {
    const ended = tender('spt', '--sysexits', option, netcheck);
    expect(ended.err).toMatch(line);
    expect(ended.status).toBe(78);
  });
});

/** The seconds that ping(8) took for what it sent. */
const seconds = (out: string): number => Number(/time (\d+)ms/.exec(out)?.[1]) / 1000;

describe.skipIf(noTaps)(`under spt ${noTaps ?? ''}`, () => {
  function limited(name: string, limits: string, ping: string) {
    const file = join(folder, name);
    const script = `
${TAP0}
"$0" --mem=4 --net:service=tap0 --net-rate:service=${limits} --stats="$1" "$2" >&2 &
ping -q -c 1 -w 15 10.0.0.2 >&2 || exit 1
ping -q ${ping} 10.0.0.2; kill $!; wait $!`;
    const ended = inNamespace(script, spt, file, netcheck);
    return { out: ended.out, counters: readStats(file).devices[0]?.counters ?? {} };
  }

  test.each([
    ['in-frames=200/1', 'in_delayed'],
    ['out-frames=200/1', 'out_delayed'],
    ['in=20K/1000', 'in_delayed'],
    ['out=20K/1000', 'out_delayed'],
  ])('%s lets no more pass, and loses nothing', (limits, counter) => {
    const { out, counters } = limited(counter, limits, '-f -c 200 -s 56');
    expect(out).toContain('200 packets transmitted, 200 received, 0% packet loss');
    // 200 frames, or 200 of 98 bytes, but for the burst.
    expect(seconds(out)).toBeGreaterThan(limits.includes('frames') ? 0.95 : 0.85);
    expect(counters[counter]).toBeGreaterThan(20);
  });

  test('one way does not limit the other, and within its burst nothing waits', () => {
    const { out, counters } = limited('burst', 'in=100M/1M,out-frames=1000/1000', '-f -c 200');
    expect(out).toContain('200 received');
    expect(counters).toMatchObject({ in_delayed: 0, out_delayed: 0 });
  });
});

/** spt machine code: `count` times pread(disk, 0x200000, 512, 0); then status 0, or 9 if one failed. */
function readerSpt(count: number): Buffer {
  const fd = 0x11028 + 8 + 104 + 88;
  const read = [
    0x8b,
    0x3c,
    0x25,
    ...word(fd),
    0xbe,
    ...word(0x200000),
    0xba,
    ...word(512),
    0x4d,
    0x31,
    0xd2,
    ...call(17),
  ];
  const check = [0x48, 0x3d, ...word(512), 0x74, exit(9).length, ...exit(9)]; // cmp $512, %rax; je behind exit(9)
  const body = [...read, ...check, 0x41, 0xff, 0xcc]; // dec %r12d
  const loop = [0x41, 0xbc, ...word(count), ...body, 0x75, 256 - body.length - 2]; // jnz to body
  return guestElf({ code: [...loop, ...exit(0)], devices: [{ name: 'disk', type: 1 }] });
}

describe('block devices under spt', () => {
  const disk = image('disk', Buffer.alloc(4096));
  const read = (limits: string) => {
    const file = join(folder, 'block.stats');
    const begin = performance.now();
    const ended = tender(
      'spt',
      '--mem=4',
      `--block:disk=${disk}`,
      `--block-rate:disk=${limits}`,
      `--stats=${file}`,
      image('reader.spt', readerSpt(50)),
    );
    const [device] = readStats(file).devices;
    return { ended, took: (performance.now() - begin) / 1000, device };
  };

  test.each(['operations=100/1', 'bytes=50K/512'])('%s lets no more pass, and each succeeds', (limits) => {
    const { ended, took, device } = read(limits);
    expect(ended).toMatchObject({ status: 0, err: '' });
    expect(took).toBeGreaterThan(0.46);
    expect(device).toMatchObject({ source: 'calls', counters: { reads: 50, read_bytes: 25_600, writes: 0 } });
    expect(device?.counters['delayed']).toBeGreaterThan(20);
    expect(device?.counters['delayed_ns']).toBeGreaterThan(1e8);
  });

  test('within the burst nothing waits', () => {
    expect(read('operations=1000/1000').device?.counters).toMatchObject({ reads: 50, delayed: 0 });
  });

  test('a transfer out of bounds still kills', () => {
    // pread(disk, 0x200000, 512, 4096)
    const fd = 0x11028 + 8 + 104 + 88;
    const code = [
      ...[0x8b, 0x3c, 0x25, ...word(fd), 0xbe, ...word(0x200000), 0xba, ...word(512)],
      ...[0x41, 0xba, ...word(4096), ...call(17), ...exit(0)],
    ];
    const guest = image('bounds.spt', guestElf({ code, devices: [{ name: 'disk', type: 1 }] }));
    const ended = tender('spt', '--mem=4', `--block:disk=${disk}`, '--block-rate:disk=operations=5', guest);
    expect(ended).toMatchObject({ status: null, signal: 'SIGSYS' });
  });

  test('a write to a read-only one still fails at once', () => {
    // pwrite(disk, CODE, 512, 0); its result is negated to the status: EROFS is 30
    const fd = 0x11028 + 8 + 104 + 88;
    const code = [
      ...[
        0x8b,
        0x3c,
        0x25,
        ...word(fd),
        0xbe,
        ...word(0x100000),
        0xba,
        ...word(512),
        0x4d,
        0x31,
        0xd2,
        ...call(18),
      ],
      ...[0x89, 0xc7, 0xf7, 0xdf, ...call(231)],
    ];
    const guest = image('ro.spt', guestElf({ code, devices: [{ name: 'disk', type: 1 }] }));
    const ended = tender(
      'spt',
      '--mem=4',
      `--block-ro:disk=${disk}`,
      '--block-rate:disk=operations=5',
      guest,
    );
    expect(ended.status).toBe(30);
  });
});

// ---- hvt, with real KVM in a lab VM ----

const SEGMENTS: readonly Segment[] = [{ address: DATA, flags: 6, bytes: [0], memory: 0x10000 }];

describe('under hvt', () => {
  const lab = labVm(60_000);

  test('a block device waits, and each transfer succeeds', async () => {
    const body = [...hypercall(5, DATA), 0x41, 0xff, 0xcc]; // BLOCK_READ; dec %r12d
    const code = [
      ...[
        ...store(DATA, 1),
        ...store(DATA + 8, 0),
        ...store(DATA + 16, DATA + 0x1000),
        ...store(DATA + 24, 512),
      ],
      ...[0x41, 0xbc, ...word(30), ...body, 0x75, 256 - body.length - 2],
      ...halt(3),
    ];
    const guest = guestElf({ target: 'hvt', code, more: SEGMENTS, devices: [{ name: 'disk', type: 1 }] });
    const { out } = await lab.run(`${written(guest, '/tmp/reader.hvt')}; truncate -s 4096 /tmp/disk
kittiwake-hvt --mem=4 --block:disk=/tmp/disk --block-rate:disk=operations=20/1 --stats=/dev/shm/rate /tmp/reader.hvt; echo $?
base64 -w 0 /dev/shm/rate`);
    const [status, base64 = ''] = out.split('\n');
    expect(status).toBe('3');
    const { started, ended, devices } = parseStats(Buffer.from(base64, 'base64'), () => undefined);
    expect((ended ?? 0) - started).toBeGreaterThan(1400);
    expect(devices[0]?.counters).toMatchObject({ reads: 30, read_bytes: 15_360, read_errors: 0 });
    expect(devices[0]?.counters['delayed']).toBeGreaterThan(15);
  });

  test('one huge transfer is paid for as it goes, and does not pass at once', async () => {
    const size = 0x100000;
    const code = [
      ...[...store(DATA, 1), ...store(DATA + 8, 0), ...store(DATA + 16, 0x400000), ...store(DATA + 24, size)],
      ...[...hypercall(5, DATA), ...halt(3)],
    ];
    const guest = guestElf({ target: 'hvt', code, more: SEGMENTS, devices: [{ name: 'disk', type: 1 }] });
    const { out } = await lab.run(`${written(guest, '/tmp/huge.hvt')}; truncate -s ${size} /tmp/huge
kittiwake-hvt --mem=8 --block:disk=/tmp/huge --block-rate:disk=bytes=512K/64K --stats=/dev/shm/huge /tmp/huge.hvt; echo $?
base64 -w 0 /dev/shm/huge`);
    const [status, base64 = ''] = out.split('\n');
    expect(status).toBe('3');
    const { started, ended, devices } = parseStats(Buffer.from(base64, 'base64'), () => undefined);
    expect((ended ?? 0) - started).toBeGreaterThan(1700); // 15 pieces of 16 wait an eighth of a second each
    expect(devices[0]?.counters).toMatchObject({ reads: 1, read_bytes: size, read_errors: 0 });
    expect(devices[0]?.counters['delayed']).toBeGreaterThan(5);
  });

  test.each(['in-frames=20/1', 'out-frames=20/1'])('%s lets no more pass', async (limits) => {
    const { out } =
      await lab.run(`ip tuntap add tap9 mode tap; ip addr add 10.9.0.1/24 dev tap9; ip link set tap9 up
kittiwake-hvt --mem=4 --net:service=tap9 --net-rate:service=${limits} /usr/local/share/kittiwake/images/netcheck.hvt --ipv4=10.9.0.2/24 >/dev/null &
ping -q -c 1 -w 15 10.9.0.2 >/dev/null; ping -q -i 0.01 -c 40 -w 20 10.9.0.2; kill $!; wait $!; ip link del tap9`);
    // With a deadline ping(8) goes on until 40 are answered.
    expect(out).toMatch(/ 40 received/);
    expect(seconds(out)).toBeGreaterThan(1.7);
  });
});
