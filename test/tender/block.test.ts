// Block devices under spt: what is taken for one, who may share it, and what a guest can do with it; with real machine code.
import { chmodSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { DATA, word } from './code.ts';
import { call, exit, guestElf } from './guest-elf.ts';
import { imageFolder, run, tender, tenders, type Ended } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

/** Where the tender writes the descriptor of the manifest's first device: boot info, manifest, its first entry, `hostfd`. */
const DESCRIPTOR = 0x11000 + 40 + 8 + 104 + 88;

/** A system call on the device: mov DESCRIPTOR, %edi; mov $DATA, %esi; mov $size, %edx; mov $offset, %r10. */
const transfer = (number: number, offset: number, size = 512): number[] => [
  ...[0x8b, 0x3c, 0x25, ...word(DESCRIPTOR)],
  ...[0xbe, ...word(DATA), 0xba, ...word(size)],
  ...[0x49, 0xc7, 0xc2, ...word(offset)],
  ...call(number),
];
const read = (offset: number, size?: number): number[] => transfer(17, offset, size);
const write = (offset: number, size?: number): number[] => transfer(18, offset, size);
/** Ends with the error of the last system call: neg %eax; mov %eax, %edi; exit_group. */
const exitWithError = [0xf7, 0xd8, 0x89, 0xc7, ...call(231)];
/** Ends with the first byte of DATA: movzbl DATA, %edi; exit_group. */
const exitWithByte = [0x0f, 0xb6, 0x3c, 0x25, ...word(DATA), ...call(231)];
const [EFAULT, EROFS] = [14, 30];

/** A guest with one block device called 'disk', and a page of memory whose first byte is 7. */
function guest(name: string, code: readonly number[]): string {
  const more = [{ address: DATA, flags: 6, bytes: [7], memory: 0x10000 }];
  return image(`${name}.spt`, guestElf({ devices: [{ name: 'disk', type: 1 }], code, more }));
}
const idle = guest('idle', exit(42));

let file: string;
beforeEach(() => {
  const sectors = Buffer.alloc(8 * 512);
  for (let i = 0; i < 8; i++) sectors.fill(i + 1, i * 512, (i + 1) * 512);
  file = image('disk of mine, ro', sectors);
});

function start(code: readonly number[], options = [`--block:disk=${file}`]): Ended {
  return tender('spt', '--sysexits', '--mem=4', ...options, guest('guest', [...code, ...exit(42)]));
}

describe('a guest', () => {
  test('reads the first and the last sector, and writes', () => {
    expect(start([...read(0), ...exitWithByte])).toMatchObject({ status: 1, err: '' });
    expect(start([...read(7 * 512), ...exitWithByte])).toMatchObject({ status: 8, err: '' });
    const before = readFileSync(file);
    expect(start(write(7 * 512))).toMatchObject({ status: 42, err: '' });
    const after = readFileSync(file);
    expect(after.subarray(0, 7 * 512)).toEqual(before.subarray(0, 7 * 512));
    expect(after.subarray(7 * 512)).toEqual(Buffer.concat([Buffer.from([7]), Buffer.alloc(511)]));
  });

  test('has the sector it was given', () => {
    const options = [`--block-sector-size:disk=4096`, `--block:disk=${file}`];
    expect(start([...read(0, 4096), ...exitWithByte], options)).toMatchObject({ status: 1 });
    expect(start(read(0, 512), options)).toMatchObject({ signal: 'SIGSYS' });
    expect(start(read(4096, 4096), options)).toMatchObject({ signal: 'SIGSYS' });
  });

  test.each([
    ['reads beyond the end', read(8 * 512)],
    ['reads across the end', read(7 * 512 + 1)],
    ['reads before the beginning', read(-512)],
    ['reads half a sector', read(0, 256)],
    ['reads two sectors', read(0, 1024)],
    ['writes beyond the end', write(8 * 512)],
    ['writes half a sector', write(0, 256)],
    ['writes before the beginning', write(-512)],
    ['reads another descriptor', [0xbf, ...word(2), ...read(0).slice(7)]],
    ['reads it as a stream', [...read(0).slice(0, -7), ...call(0)]],
    ['writes it as a stream', [...write(0).slice(0, -7), ...call(1)]],
  ])('that %s is killed', (_, code) => {
    const before = readFileSync(file);
    expect(start(code)).toMatchObject({ status: null, signal: 'SIGSYS' });
    expect(readFileSync(file)).toEqual(before);
  });

  test('gets errors as errors', () => {
    const elsewhere = [...read(0).slice(0, 7), 0xbe, ...word(0x7f000000), ...read(0).slice(12)];
    expect(start([...elsewhere, ...exitWithError])).toMatchObject({ status: EFAULT });
  });

  test('reads what it may only read, and its writes fail', () => {
    const options = [`--block-ro:disk=${file}`];
    expect(start([...read(7 * 512), ...exitWithByte], options)).toMatchObject({ status: 8, err: '' });
    for (const code of [write(0), write(8 * 512)]) {
      expect(start([...code, ...exitWithError], options)).toMatchObject({ status: EROFS, err: '' });
    }
  });
});

/** One line that says `line`, and this status. */
function expectRefusal(ended: Ended, status: number, line: RegExp): void {
  expect(ended.err).toMatch(line);
  expect(ended.err).toMatch(/^kittiwake-spt: block disk: [ -~]+; [ -~]+\n$/);
  expect(ended).toMatchObject({ status, out: '' });
}

describe('a file', () => {
  const attach = (path: string, kind = 'block'): Ended =>
    tender('spt', '--sysexits', '--mem=4', `--${kind}:disk=${path}`, idle);

  test('that is missing', () => {
    expectRefusal(attach(`${file}.not`), 78, /does not exist; check the path, or make the file/);
    expectRefusal(attach(join(file, 'x')), 78, /does not exist/);
  });

  test.each([0, 511, 513, 4095])('of %i bytes', (size) => {
    truncateSync(file, size);
    const line =
      size === 0
        ? /is empty; give it a size with 'truncate -s 1M'/
        : /has \d+ bytes, not whole sectors of 512 \(Backing storage size must be block aligned\); extend it with 'truncate -s %512'/;
    expectRefusal(attach(file), 78, line);
  });

  test('of whole sectors of 512 bytes, but not of 4096', () => {
    truncateSync(file, 5 * 512);
    const sector = '--block-sector-size:disk=4096';
    const ended = tender('spt', '--sysexits', `--block:disk=${file}`, sector, idle);
    expectRefusal(ended, 78, /has 2560 bytes, not whole sectors of 4096 .* '--block-sector-size:disk=N'/);
  });

  test.each(['/dev/null', '/dev/zero', '/'])('that is no file: %s', (path) => {
    expectRefusal(attach(path), 78, /is no regular file and no block device/);
    expectRefusal(attach(path, 'block-ro'), 78, /is no regular file and no block device/);
  });

  test('that is a pipe is not waited for', () => {
    const pipe = join(file, '..', 'pipe');
    run('mkfifo', [pipe]);
    expectRefusal(attach(pipe), 78, /is no regular file/);
  });

  test('that a link leads to is attached', () => {
    const link = join(file, '..', 'link');
    symlinkSync(file, link);
    expect(attach(link)).toMatchObject({ status: 42 });
  });

  test('that this user may only read, or not even that', () => {
    // Root without what makes root special, so that a file's mode counts.
    const weak = 'setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all';
    const script = `exec ${weak} ${join(tenders, 'kittiwake-spt')} --sysexits --mem=4 "$0" "$1"`;
    const asUser = (option: string) => run('unshare', ['--map-root-user', 'sh', '-c', script, option, idle]);
    chmodSync(file, 0o444);
    const remedy =
      /may not write to .* \(Permission denied\); allow it, or give it read-only as '--block-ro:disk=\//;
    expectRefusal(asUser(`--block:disk=${file}`), 77, remedy);
    expect(asUser(`--block-ro:disk=${file}`)).toMatchObject({ status: 42, err: '' });
    chmodSync(file, 0);
    expectRefusal(asUser(`--block-ro:disk=${file}`), 77, /may not read .*; allow it with 'chmod a\+r'/);
    chmodSync(file, 0o644);
  });
});

describe('sharing', () => {
  const spt = `${join(tenders, 'kittiwake-spt')} --sysexits --mem=4`;
  /** Runs a guest with $file while another process holds it locked in this way. */
  const beside = (lock: '--shared' | '--exclusive', kind: string): Ended =>
    run('flock', [lock, file, 'sh', '-c', `exec ${spt} "$0" ${idle}`, `--${kind}:disk=${file}`]);

  test('a writer shares with nobody, readers with readers', () => {
    expect(beside('--shared', 'block-ro')).toMatchObject({ status: 42, err: '' });
    const busy = /is in use by another process or device; .* '--block-ro'/;
    expectRefusal(beside('--exclusive', 'block-ro'), 78, busy);
    expectRefusal(beside('--shared', 'block'), 78, busy);
    expectRefusal(beside('--exclusive', 'block'), 78, busy);
  });

  const two = (first: string, second: string): Ended => {
    const devices = ['disk', 'disk2'].map((name) => ({ name, type: 1 }));
    const both = image('two.spt', guestElf({ devices, code: exit(42) }));
    return tender(
      'spt',
      '--sysexits',
      '--mem=4',
      `--${first}:disk=${file}`,
      `--${second}:disk2=${file}`,
      both,
    );
  };

  test('nor does it with another device of its own guest', () => {
    expect(two('block-ro', 'block-ro')).toMatchObject({ status: 42 });
    expect(two('block', 'block')).toMatchObject({ status: 78 });
    expect(two('block-ro', 'block')).toMatchObject({ status: 78 });
  });

  test('what a guest has others see locked, while it runs and no longer', () => {
    // Prints a byte, which says that it runs: write(1, DATA, 1); then waits for ever: epoll_pwait(epollfd, DATA, 1, -1, 0).
    const code = [
      ...[0xbf, ...word(1), 0xbe, ...word(DATA), 0xba, ...word(1), ...call(1)],
      ...[0x8b, 0x3c, 0x25, ...word(0x11000 + 32)], // mov epollfd, %edi
      ...[0x49, 0xc7, 0xc2, ...word(-1), 0x45, 0x31, 0xc0], // mov $-1, %r10; xor %r8d, %r8d
      ...call(281),
    ];
    const console = join(file, '..', 'console');
    run('mkfifo', [console]);
    const script = `
${spt} "--block-ro:disk=$0" ${guest('waiting', code)} > ${console} &
exec 3< ${console}; head -c 1 <&3 > /dev/null
flock --exclusive --nonblock "$0" true && echo free || echo locked
flock --shared --nonblock "$0" true && echo shared
kill $!; wait $!
flock --exclusive --nonblock "$0" true && echo free`;
    expect(run('sh', ['-c', script, file]).out).toBe('locked\nshared\nfree\n');
  });
});

test('what the host does not let be written is an error of the guest’s call', () => {
  writeFileSync(file, Buffer.alloc(1 << 20));
  const code = [...write((1 << 20) - 512), ...exitWithError];
  const script = `ulimit -f 4; exec ${join(tenders, 'kittiwake-spt')} --mem=4 "--block:disk=$0" "$1"`;
  const ended = run('sh', ['-c', script, file, guest('limit', code)]);
  expect(ended).toMatchObject({ status: 27, err: '' }); // EFBIG
});

test('the most devices are attached, and the last one is read', () => {
  const devices = Array.from({ length: 63 }, (_, i) => ({ name: `disk${i}`, type: 1 }));
  const options = devices.map(({ name }, i) => `--block:${name}=${image(name, Buffer.alloc(512, i))}`);
  const last = DESCRIPTOR + 62 * 104;
  const code = [...[0x8b, 0x3c, 0x25, ...word(last)], ...read(0).slice(7), ...exitWithByte];
  const more = [{ address: DATA, flags: 6, bytes: [7], memory: 0x10000 }];
  const many = image('many.spt', guestElf({ devices, code, more }));
  expect(tender('spt', '--mem=4', ...options, many)).toMatchObject({ status: 62, err: '' });
});
