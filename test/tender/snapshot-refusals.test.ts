// Snapshots that are not restored, and command lines about them that are not taken: one line each, and a status.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alphabet, sleep } from './alphabet.ts';
import { guestElf } from './guest-elf.ts';
import { AT, forged, SPT } from './snapshot-file.ts';
import { imageFolder, noTaps, run, tender, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);
const guest = image('guest.spt', alphabet(sleep(10)));
const file = join(guest, '..', 'good.snap');
const withDisk = image('disk.spt', guestElf({ devices: [{ name: 'disk', type: 1 }] }));
const HOUR = 3_600_000_000_000n;

let good: Buffer;
beforeAll(async () => {
  const running = spawn(
    join(tenders, 'kittiwake-spt'),
    ['--mem=4', `--snapshot=${file}`, '--snapshot-exit', guest],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  running.stdout.once('data', () => running.kill('SIGUSR1'));
  running.stdout.resume();
  const [status] = (await once(running, 'close')) as [number | null];
  expect(status).toBe(0);
  good = readFileSync(file);
});

/** A change of the file, the status with --sysexits, and what the line says. */
const FILES: readonly [what: string, change: (good: Buffer) => Buffer, status: number, line: RegExp][] = [
  ['text', () => Buffer.from('a text of some length\n'), 65, /is not a snapshot; make one with/],
  ['an empty file', () => Buffer.alloc(0), 65, /is not a snapshot/],
  ['an image', () => readFileSync(guest), 65, /is an image, not a snapshot; name it without '--restore'/],
  [
    'a short file',
    (bytes) => bytes.subarray(0, 4096),
    65,
    /has 4096 bytes instead of 98304; copy the snapshot/,
  ],
  [
    'a cut file',
    (bytes) => bytes.subarray(0, -1),
    65,
    /has \d+ bytes instead of \d+; copy the snapshot again/,
  ],
  ['a file with more', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)]), 65, /bytes instead of/],
  [
    'a changed byte',
    (bytes) => {
      const copy = Buffer.from(bytes);
      copy.writeUInt8(copy.readUInt8(AT.kernelEnd) ^ 1, AT.kernelEnd);
      return copy;
    },
    65,
    /is damaged \(its checksum differs\)/,
  ],
  [
    'version 9',
    (b) => forged(b, (head) => head.writeUInt32LE(9, AT.version)),
    65,
    /of version 9, this tender knows version 2/,
  ],
  [
    'an hvt guest',
    (b) => forged(b, (head) => head.writeUInt32LE(1, AT.target)),
    65,
    /is a snapshot of an hvt guest, .* restore it with 'kittiwake-hvt'/,
  ],
  [
    'no memory',
    (b) => forged(b, (head) => head.writeBigUInt64LE(0n, AT.memorySize)),
    65,
    /an impossible memory size/,
  ],
  [
    'memory beyond all addresses',
    (b) => forged(b, (head) => head.writeBigUInt64LE(1n << 50n, AT.memorySize)),
    65,
    /an impossible memory size/,
  ],
  [
    'an image elsewhere',
    (b) => forged(b, (head) => head.writeBigUInt64LE(1n, AT.kernelEnd)),
    65,
    /ends outside memory/,
  ],
  [
    'too many segments',
    (b) => forged(b, (head) => head.writeUInt32LE(129, AT.segmentCount)),
    65,
    /too many segments/,
  ],
  [
    'writable code',
    (b) => forged(b, (head) => head.writeUInt32LE(7, AT.segments + 16)),
    65,
    /writable and executable at once/,
  ],
  [
    'unknown access',
    (b) => forged(b, (head) => head.writeUInt32LE(8, AT.segments + 16)),
    65,
    /unknown access/,
  ],
  [
    'a low segment',
    (b) => forged(b, (head) => head.writeBigUInt64LE(0x1000n, AT.segments)),
    65,
    /a segment lies outside memory/,
  ],
  [
    'half a page',
    (b) => forged(b, (head) => head.writeBigUInt64LE(0x100800n, AT.segments)),
    65,
    /begin and end on pages/,
  ],
  [
    'too many extents',
    (b) => forged(b, (head) => head.writeUInt32LE(4097, AT.extentCount)),
    65,
    /too many extents/,
  ],
  [
    'too large a machine',
    (b) => forged(b, (head) => head.writeUInt32LE(0x6008, AT.machineSize)),
    65,
    /its machine has an impossible size/,
  ],
  [
    'half a word of a machine',
    (b) => forged(b, (head) => head.writeUInt32LE(head.readUInt32LE(AT.machineSize) - 4, AT.machineSize)),
    65,
    /its machine has an impossible size/,
  ],
  [
    'half its registers',
    (b) => forged(b, (head) => head.writeUInt32LE(1024, AT.machineSize)),
    65,
    /its registers are cut short/,
  ],
  [
    'a low extent',
    (b) => forged(b, (head) => head.writeUInt32LE(1, AT.extents)),
    65,
    /an extent lies outside memory/,
  ],
  [
    'an endless extent',
    (b) => forged(b, (head) => head.writeUInt32LE(0xffffffff, AT.extents + 4)),
    65,
    /an extent lies/,
  ],
  [
    'another manifest',
    (b) => forged(b, (head) => head.writeUInt32LE(65, AT.manifest + 4)),
    65,
    /manifest is malformed/,
  ],
  [
    'an executable heap',
    (b) => forged(b, (head) => head.writeUInt32LE(1, AT.execHeap)),
    78,
    /has an executable heap; give '--x-exec-heap'/,
  ],
  [
    'another processor',
    (b) => forged(b, (head) => head.writeUInt32LE(0xffffffff, AT.processor)),
    78,
    /this processor lacks/,
  ],
  [
    "the console's descriptor",
    (b) => forged(b, (head) => head.writeInt32LE(1, SPT.epoll)),
    65,
    /out of range/,
  ],
  [
    'a descriptor twice',
    (b) => forged(b, (head) => head.writeInt32LE(head.readInt32LE(SPT.epoll), SPT.epoll + 4)),
    65,
    /two things/,
  ],
  [
    'a descriptor without device',
    (b) => forged(b, (head) => head.writeInt32LE(9, SPT.descriptors + 4)),
    65,
    /no device/,
  ],
  [
    'impossible SSE',
    (b) => forged(b, (head) => head.writeUInt32LE(0xffffffff, SPT.xstate + 24)),
    65,
    /do not fit this processor/,
  ],
  [
    'malformed registers',
    (b) => forged(b, (head) => head.writeUInt32LE(1, SPT.xstate + 520)),
    65,
    /malformed/,
  ],
  [
    'a longer uptime',
    (b) =>
      forged(b, (head) => head.writeBigUInt64LE(head.readBigUInt64LE(SPT.monotonic) + HOUR, SPT.monotonic)),
    78,
    /lives by the host's clock, which is behind what it was; restore it in 3\d+ s/,
  ],
];

const DEAF = /^kittiwake-spt: \S+ its guest does not understand that it was restored: [^\n]*\n/;

describe('a snapshot', () => {
  test.each(FILES)('that is %s', (what, change, status, line) => {
    const path = image(`${what.replaceAll(/\W/g, '-')}.snap`, change(good));
    const ended = tender('spt', '--sysexits', `--restore=${path}`);
    expect(ended.err.replace(DEAF, '')).toMatch(/^kittiwake-spt: [^\n]+; [^\n]+\n$/);
    expect(ended.err).toMatch(line);
    expect({ status: ended.status, out: ended.out }).toEqual({ status, out: '' });
  });

  test('that gives an hvt guest more memory than it has addresses for', () => {
    const large = image(
      'large.snap',
      forged(good, (head) => {
        head.writeUInt32LE(1, AT.target);
        head.writeBigUInt64LE(1n << 33n, AT.memorySize);
      }),
    );
    const { status, err } = tender('hvt', '--sysexits', `--restore=${large}`);
    expect(err).toMatch(/malformed snapshot \(it has more memory than a guest can have\)/);
    expect(status).toBe(65);
  });

  test('that somebody is writing', () => {
    const ended = run('flock', [
      '-x',
      file,
      join(tenders, 'kittiwake-spt'),
      '--sysexits',
      `--restore=${file}`,
    ]);
    expect(ended.err).toMatch(/good.snap: is being written by another program; wait for that one\n$/);
    expect(ended.status).toBe(78);
  });
});

describe.skipIf(noTaps)(`a snapshot with devices ${noTaps ?? ''}`, () => {
  const devices = [
    { name: 'service', type: 2 },
    { name: 'disk', type: 1 },
  ];
  const turning = image('turning.spt', guestElf({ code: [0xeb, 0xfe], devices }));

  test.each([
    [
      'sector',
      'restore "$dir/own.snap" --block-sector-size:disk=4096',
      /^block disk: the snapshot's guest was told sectors of 512 bytes; leave out '--block-sector-size', or give '--block-sector-size:disk=512'$/,
    ],
    [
      'MTU',
      'ip link set tap0 mtu 1400; restore "$dir/own.snap"',
      /^net service: its MTU is 1400, the snapshot's guest was told 1500; set it with 'sudo ip link set dev TAP mtu 1500'$/,
    ],
    [
      'file system',
      'mount -t tmpfs -o noexec none "$dir/mnt"; cp "$dir/own.snap" "$dir/mnt"; restore "$dir/mnt/own.snap"',
      /own\.snap: lies on a file system mounted with 'noexec'; copy the snapshot to another$/,
    ],
  ])('is not restored with another %s', (_, then, line) => {
    const script = `dir=$(mktemp -d -p "$(dirname "$1")"); mkdir "$dir/mnt"; : > "$dir/events"; truncate -s 8192 "$dir/disk"
ip tuntap add tap0 mode tap; ip link set tap0 up
attached="--net:service=tap0 --block:disk=$dir/disk"
restore() { file=$1; shift; "$spt" --sysexits --restore="$file" $attached "$@"; }
spt=$0
"$spt" --mem=4 $attached --snapshot="$dir/own.snap" --snapshot-exit --events=3 "$1" 3>"$dir/events" &
until grep -q started "$dir/events"; do sleep 0.02; done
kill -USR1 $!; wait $! || exit 1
${then}`;
    const words = ['--map-root-user', '--net', '--mount', 'sh', '-c', script];
    const ended = run('unshare', [...words, join(tenders, 'kittiwake-spt'), turning]);
    expect(
      ended.err
        .replace(DEAF, '')
        .replace(/^kittiwake-spt: /, '')
        .trimEnd(),
    ).toMatch(line);
    expect(ended.status).toBe(78);
  });
});

describe('a command line', () => {
  test.each([
    [['--restore='], 64, /option '--restore=': needs a value; write it as '--restore=FILE'/],
    [['--snapshot', guest], 64, /option '--snapshot': needs a value; write it as '--snapshot=FILE'/],
    [['--snapshot=a', '--snapshot=b', guest], 64, /option '--snapshot=b'/],
    [['--snapshot-exit', guest], 64, /there is no snapshot to end after; add '--snapshot=FILE'/],
    [[`--restore=${file}`, guest], 64, /stands where an image would; .* go after '--'/],
    [
      [`--restore=${file}`, '--mem=8'],
      64,
      /the snapshot has 4 MiB, and the guest knows; leave the option out/,
    ],
    [
      [`--restore=${file}`, '--', 'new'],
      78,
      /would keep its old arguments; leave out '--' and what follows it/,
    ],
    [
      [`--restore=${file}`, '--net-mac:a=02:00:00:00:00:01'],
      78,
      /would keep its old MAC address; leave out '--net-mac'/,
    ],
    [[`--restore=${file}`, '--block:disk=x'], 78, /block disk: given but not declared by good.snap/],
    [['--restore=/nowhere.snap'], 66, /no such file/],
    [['--snapshot=/nowhere/a.snap', guest], 77, /its folder cannot be opened \(No such file or directory\)/],
    [['--snapshot=/tmp/', guest], 64, /not the name of a file/],
    [[`--snapshot=${'x'.repeat(201)}`, guest], 64, /at most 200 characters/],
    [['--snapshot=x', withDisk], 78, /block disk: declared/],
  ] as const)('%j', (args, status, line) => {
    const ended = tender('spt', '--sysexits', ...args);
    expect(ended.err).toMatch(line);
    expect(ended.err.replace(DEAF, '')).toMatch(/^kittiwake-spt: [^\n]+\n$/);
    expect(ended.status).toBe(status);
  });

  test('may say how much memory the snapshot has', () => {
    expect(tender('spt', `--restore=${file}`, '--mem=4').status).toBe(42);
  });
});
