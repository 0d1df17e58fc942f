// Devices that are descriptors of the caller's, --net:NAME=@FD and --block:NAME=@FD: what is taken for one, and what a guest gets.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compileC } from '../../scripts/setup/compile.ts';
import { DATA, word } from './code.ts';
import { call, exit, guestElf } from './guest-elf.ts';
import { type Ended, fixtures, imageFolder, inNamespace, noTaps, run, TAP0, tenders } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const inherit = compileC('test/tender/inherit.c');
const spt = `${join(tenders, 'kittiwake-spt')} --sysexits --mem=4`;
/** Boot info and, behind it, the entry of the manifest's first device. */
const EPOLL = 0x11020;
const ENTRY = 0x11028 + 8 + 104;

/** A system call on the device and DATA: mov ENTRY + 88, %edi; mov $DATA, %esi; mov $size, %edx; mov $offset, %r10. */
const transfer = (number: number, size: number, offset = 0): number[] => [
  ...[0x8b, 0x3c, 0x25, ...word(ENTRY + 88)],
  ...[0xbe, ...word(DATA), 0xba, ...word(size), 0x49, 0xc7, 0xc2, ...word(offset)],
  ...call(number),
];
/** Waits for at most 10 ms: epoll_pwait(EPOLL, DATA + 0x8000, 2, 10, NULL). */
const wait = [
  ...[0x8b, 0x3c, 0x25, ...word(EPOLL), 0xbe, ...word(DATA + 0x8000), 0xba, ...word(2)],
  ...[0x41, 0xba, ...word(10), 0x45, 0x31, 0xc0, ...call(281)],
];
/** mov %eax, %edi; exit_group: ends with the last system call's result; with its error: neg %eax first. */
const exitWithResult = [0x89, 0xc7, ...call(231)];
const exitWithError = [0xf7, 0xd8, ...exitWithResult];
/** movzwl address, %edi; exit_group. */
const exitWith = (address: number): number[] => [0x0f, 0xb7, 0x3c, 0x25, ...word(address), ...call(231)];
const [READ, WRITE, PREAD, PWRITE] = [0, 1, 17, 18];

let made = 0;
function guest(type: number, code: readonly number[], features?: number): string {
  const more = [{ address: DATA, flags: 6, bytes: [7], memory: 0x10000 }];
  const bytes = guestElf({
    devices: [{ name: 'dev', type }],
    code: [...code, ...exit(42)],
    more,
    ...(features === undefined ? {} : { features }),
  });
  return image(`${made++}.spt`, bytes);
}
const net = guest(2, []);
const block = guest(1, []);
const disk = image('a disk of mine', Buffer.alloc(4096, 1));
const short = image('short', 'x');

const shell = (script: string): Ended => run('sh', ['-c', script]);

const REFUSED: readonly [what: string, script: string, status: number, line: RegExp][] = [
  [
    'a closed one for a network',
    `${spt} --net:dev=@5 ${net}`,
    78,
    /net dev: descriptor 5 is not open; open it/,
  ],
  [
    'a closed one for a network, beside a pipe for events',
    `${spt} --net:dev=@3 --events=4 ${net} 4>&1 | cat >/dev/null`,
    0,
    /net dev: descriptor 3 is not open/,
  ],
  ['a closed one for a disk', `${spt} --block:dev=@3 ${block}`, 78, /block dev: descriptor 3 is not open/],
  [
    'standard input',
    `${spt} --block:dev=@0 ${block}`,
    64,
    /not the number of a descriptor for it; give 3 or higher/,
  ],
  ['standard error', `${spt} --net:dev=@2 ${net}`, 64, /not the number of a descriptor for it/],
  ['no number', `${spt} --net:dev=@x ${net}`, 64, /not the number .* as '--net:NAME=@3'/],
  ['a file with an @', `${spt} --block:dev=@x ${block}`, 64, /not the number .* a path as '.\/@FILE'/],
  ['nothing', `${spt} --block:dev=@ ${block}`, 64, /not the number/],
  ['a negative number', `${spt} --block:dev=@-3 ${block}`, 64, /not the number/],
  ['a large number', `${spt} --block:dev=@4294967299 ${block}`, 64, /not the number/],
  ['one number twice', `${spt} --block:dev=@3 --net:dev=@3 ${block}`, 64, /descriptor 3 was already given/],
  [
    'one open file twice',
    `${spt} --block:dev=@3 --block-ro:other=@4 ${block} 3<>'${disk}' 4<&3`,
    78,
    /block dev: descriptor 3 is the same open file as 4; open one for each purpose/,
  ],
  [
    'a file for a network',
    `${spt} --net:dev=@3 ${net} 3<>'${disk}'`,
    78,
    /net dev: descriptor 3 is a file; give a tap/,
  ],
  ['a directory for a network', `${spt} --net:dev=@3 ${net} 3</`, 78, /descriptor 3 is a directory/],
  ['a directory for a disk', `${spt} --block:dev=@3 ${block} 3</`, 78, /descriptor 3 is no regular file/],
  [
    'a device for a network',
    `${spt} --net:dev=@3 ${net} 3<>/dev/null`,
    78,
    /is another device than \/dev\/net\/tun/,
  ],
  [
    'a device for a disk',
    `${spt} --block:dev=@3 ${block} 3<>/dev/null`,
    78,
    /is no regular file and no block device/,
  ],
  ['a pipe for a network', `true | ${spt} --net:dev=@3 ${net} 3<&0`, 78, /descriptor 3 is a pipe/],
  [
    'a stream socket',
    `${inherit} 3=stream ${spt} --net:dev=@3 ${net}`,
    78,
    /a stream socket, in which frames run together/,
  ],
  [
    'a loose socket',
    `${inherit} 3=loose ${spt} --net:dev=@3 ${net}`,
    78,
    /a socket that is connected to nobody/,
  ],
  ['an Internet socket', `${inherit} 3=inet ${spt} --net:dev=@3 ${net}`, 78, /another family than AF_UNIX/],
  [
    'a socket with an end',
    `${inherit} 3=seqpacket ${spt} --net:dev=@3 ${net}`,
    78,
    /SOCK_SEQPACKET .* give a SOCK_DGRAM one/,
  ],
  ['a socket for a disk', `${inherit} 3=dgram ${spt} --block:dev=@3 ${block}`, 78, /is no regular file/],
  [
    'a file to write to',
    `${spt} --block:dev=@3 ${block} 3>>'${disk}'`,
    78,
    /descriptor 3 was opened to write only; open it to read and write, as '3<>FILE'/,
  ],
  ['a path', `${inherit} '3=path:${disk}' ${spt} --block:dev=@3 ${block}`, 78, /was opened as O_PATH/],
  [
    'a file of half a sector',
    `${spt} --block:dev=@3 ${block} 3<>${short}`,
    78,
    /block dev: @3 has 1 bytes, not whole sectors/,
  ],
  ['no MTU', `${spt} --net-mtu:dev=67 ${net}`, 64, /not an MTU; give from 68 to 65521 bytes/],
  ['a large MTU', `${spt} --net-mtu:dev=65522 ${net}`, 64, /not an MTU/],
  ['an MTU of letters', `${spt} --net-mtu:dev=15oo ${net}`, 64, /not an MTU/],
  ['an MTU twice', `${spt} --net-mtu:dev=1500 --net-mtu:dev=1500 ${net}`, 64, /was already given/],
  ['an MTU without a network', `${spt} --net-mtu:dev=1500 ${net}`, 78, /net dev: declared by/],
  [
    'an MTU for a tap',
    `${spt} --net-mtu:dev=1400 --net:dev=tap0 ${net}`,
    78,
    /the MTU of tap0 is its interface's; .* 'sudo ip link set dev tap0 mtu 1400'/,
  ],
];

test.each(REFUSED)('%s is refused', (_, script, status, line) => {
  const ended = shell(script);
  expect(ended.err).toMatch(line);
  expect(ended.err).toMatch(/^kittiwake-spt: [ -~]+; [ -~]+\n$/);
  expect(ended.status).toBe(status);
});

describe('a socket', () => {
  test('carries frames, one a datagram', () => {
    const code = [...transfer(READ, 0x8000), ...transfer(WRITE, 60)];
    const ended = shell(`${inherit} 7=dgram ${spt} --net:dev=@7 ${guest(2, code)}`);
    expect(ended).toMatchObject({ status: 42, out: 'got 60\n', err: '' });
    const read = guest(2, [...transfer(READ, 0x8000), ...exitWithResult]);
    expect(shell(`${inherit} 7=dgram ${spt} --net:dev=@7 ${read}`)).toMatchObject({ status: 60 });
  });

  test('carries frames of any length', () => {
    for (const [size, out] of [
      [0, 'got 0\n'],
      [1, 'got 1\n'],
      [65_550, 'got 65550\n'],
    ] as const) {
      const file = guest(2, [...transfer(WRITE, size), ...exit(42)].slice());
      const ended = shell(`${inherit} 7=dgram ${spt} --net:dev=@7 ${file}`);
      expect(ended).toMatchObject({ status: 42, out });
    }
  });

  test('does not wait for a frame', () => {
    const code = [...transfer(READ, 60), ...transfer(READ, 60), ...exitWithError];
    expect(shell(`${inherit} 7=dgram ${spt} --net:dev=@7 ${guest(2, code)}`)).toMatchObject({ status: 11 });
  });

  test('is like a pulled cable when its other end is gone: what had been sent comes, then nothing', () => {
    const start = (...code: number[]): Ended =>
      shell(`${inherit} 7=dgram-gone ${spt} --net:dev=@7 ${guest(2, code)}`);
    const first = transfer(READ, 0x8000);
    expect(start(...first, ...exitWithResult)).toMatchObject({ status: 60, err: '' });
    expect(start(...first, ...transfer(READ, 60), ...exitWithError)).toMatchObject({ status: 11 }); // EAGAIN
    expect(start(...first, ...transfer(WRITE, 60), ...exitWithError)).toMatchObject({ status: 111 }); // ECONNREFUSED
    expect(start(...first, ...wait, ...exitWithResult)).toMatchObject({ status: 0 });
  });

  test('has an MTU of 1500 bytes, or what it is given, and never offloads', () => {
    const mtu = guest(2, exitWith(ENTRY + 78), 1);
    const ended = (options: string) =>
      shell(`${inherit} 7=dgram ${spt} ${options} --net:dev=@7 ${mtu}`).status;
    expect(ended('')).toBe(1500 & 255);
    expect(ended('--net-mtu:dev=9000')).toBe(9000 & 255);
    const features = guest(2, exitWith(ENTRY + 97), 1);
    expect(shell(`${inherit} 7=dgram ${spt} --net:dev=@7 ${features}`)).toMatchObject({ status: 0 });
  });
});

describe.skipIf(noTaps)(`an inherited tap ${noTaps ?? ''}`, () => {
  const netcheck = join(fixtures, 'netcheck.spt');

  test.each(['tap', 'tap-vnet'])('of kind %s carries frames', (kind) => {
    const ended = inNamespace(`${TAP0}
${inherit} 9=${kind}:tap0 ${spt} --net:service=@9 ${netcheck} >&2 &
ping -q -c 1 -w 15 10.0.0.2 >&2 && echo answers
kill $!`);
    expect(ended.out).toBe('answers\n');
  });

  test('has the MTU of its interface', () => {
    const mtu = guest(2, exitWith(ENTRY + 78));
    const ended = inNamespace(`${TAP0} mtu 9000
${inherit} 9=tap:tap0 ${spt} --net:dev=@9 ${mtu}; echo $?`);
    expect(ended.out).toBe(`${9000 & 255}\n`);
  });

  test('of another network namespace has 1500, or what it is given', () => {
    const mtu = guest(2, exitWith(ENTRY + 78));
    const started = (options: string) => `unshare --net ${spt} ${options} --net:dev=@9 ${mtu}`;
    const ended = inNamespace(`${TAP0} mtu 9000
${inherit} 9=tap:tap0 ${started('')}; echo $?
${inherit} 9=tap:tap0 ${started('--net-mtu:dev=9000')}; echo $?`);
    expect(ended.out).toBe(`${1500 & 255}\n${9000 & 255}\n`);
  });

  test('has offloads where it has a header and the image understands it, and else none', () => {
    const features = guest(2, exitWith(ENTRY + 97), 1);
    const ended = inNamespace(`${TAP0}
${inherit} 9=tap-vnet:tap0 ${spt} --net:dev=@9 ${features}; echo $?
${inherit} 9=tap:tap0 ${spt} --net:dev=@9 ${features}; echo $?`);
    expect(ended.out).toBe('1\n0\n');
  });

  test.each([
    [
      'with a header the image does not understand',
      'tap-vnet:tap0',
      '',
      /has a header before each frame, which \d+\.spt does not understand; make it without IFF_VNET_HDR/,
    ],
    ['with packet information', 'tap-pi:tap6', '', /has packet information before each frame/],
    ['that is a tun', 'tun:tun7', '', /is a tun, which carries no Ethernet frames/],
    ['without an interface', 'bare-tun', '', /is \/dev\/net\/tun without an interface/],
    ['that is down', 'tap:tap5', '', /tap5 is down; bring it up/],
    ['with an MTU', 'tap:tap0', '--net-mtu:dev=1400', /the MTU of tap0 is its interface's/],
  ])('%s is refused', (_, kind, options, line) => {
    const ended = inNamespace(`${TAP0}\n${inherit} 9=${kind} ${spt} ${options} --net:dev=@9 ${net}`);
    expect(ended.err).toMatch(line);
    expect(ended.status).toBe(78);
  });
});

describe('an inherited file', () => {
  const start = (code: readonly number[], redirection: string, option = '--block:dev=@3'): Ended =>
    shell(`${spt} ${option} ${guest(1, code)} ${redirection}`);
  const read = [...transfer(PREAD, 512, 512), ...exitWith(DATA)];
  const write = [...transfer(PWRITE, 512, 512), ...exitWithError];

  test('is read and written', () => {
    writeFileSync(disk, Buffer.alloc(4096, 1));
    expect(start(read, `3<>'${disk}'`)).toMatchObject({ status: 1, err: '' });
    expect(start(transfer(PWRITE, 512, 512), `3<>'${disk}'`)).toMatchObject({ status: 42, err: '' });
    expect(readFileSync(disk)[512]).toBe(7);
  });

  test('that was opened to read, or is given so, cannot be written', () => {
    const EROFS = 30;
    expect(start(write, `3<'${disk}'`)).toMatchObject({ status: EROFS });
    expect(start(write, `3<>'${disk}'`, '--block-ro:dev=@3')).toMatchObject({ status: EROFS });
  });

  test('is locked as one with a path is', () => {
    const locked = (options: string) =>
      shell(`flock ${options} '${disk}' ${spt} --block:dev=@3 ${block} 3<>'${disk}'`);
    expect(locked('')).toMatchObject({
      status: 78,
      err: expect.stringContaining('@3 is in use by another process') as string,
    });
    const shared = `flock -s '${disk}' ${spt} --block:dev=@3 ${block} 3<'${disk}'`;
    expect(shell(shared)).toMatchObject({ status: 42, err: '' });
  });

  test('has a path that begins with @ only behind ./', () => {
    image('@3', Buffer.alloc(512, 9));
    const ended = run('sh', [
      '-c',
      `cd ${join(disk, '..')}; ${spt} --block:dev=./@3 ${guest(1, [...transfer(PREAD, 512), ...exitWith(DATA)])}`,
    ]);
    expect(ended).toMatchObject({ status: 9, err: '' });
  });
});
