// What the tenders say about command lines and images they do not take: one line, which status, for both tenders.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { exit, guestElf, type Guest } from './guest-elf.ts';
import { fixtures, imageFolder, tender } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

const good = image('good.spt', guestElf());
const directory = join(good, '..', 'folder.spt');
mkdirSync(directory);
const net = { devices: [{ name: 'service', type: 2 }] };
const disk = { devices: [{ name: 'disk', type: 1 }] };
const withDisk = image('disk.spt', guestElf(disk));

/** An image, its right status with --sysexits, and what its one line says. */
const IMAGES: readonly [what: string, bytes: Buffer | string, status: number, line: RegExp][] = [
  ['an empty file', '', 65, /empty; build or download/],
  ['a text file', 'hello, I am text\n', 65, /text file, not a unikernel; name an image/],
  ['a binary file', Buffer.from([1, 2, 3, 0, 5]), 65, /not an ELF file/],
  ['a cut header', guestElf().subarray(0, 40), 65, /cut short \(40 bytes, its ELF header ends at 64\)/],
  ['a cut table', guestElf().subarray(0, 100), 65, /cut short/],
  ['a cut segment', guestElf().subarray(0, 0x1001), 65, /cut short .*segment data/],
  ['another machine', guestElf({ machine: 183 }), 65, /built for aarch64, this host is x86_64/],
  ['a library', guestElf({ type: 3 }), 65, /position-independent program or a library/],
  ['no ABI note', guestElf({ without: 'abi' }), 65, /no Solo5 ABI note/],
  ['no manifest', guestElf({ without: 'manifest' }), 65, /has no Solo5 manifest/],
  ['an old ABI', guestElf({ abiVersion: 1 }), 65, /wants version 1 of the spt ABI/],
  [
    'the other tender',
    guestElf({ target: 'hvt' }),
    65,
    /image for hvt, this is kittiwake-spt; run it with 'kittiwake-hvt'/,
  ],
  ['writable code', guestElf({ flags: 7 }), 65, /writable and executable at once/],
  ['low memory', guestElf({ address: 0x1000 }), 65, /below 0x100000/],
  ['an entry elsewhere', guestElf({ entry: 0x900000 }), 65, /entry point 0x900000 lies outside/],
  [
    'too large',
    guestElf({ memory: 600 * 2 ** 20 }),
    78,
    /does not fit into 512 MiB of memory; give it more, as '--mem=602'/,
  ],
  ['a huge segment', guestElf({ memory: 2 ** 53 - 1 }), 78, /does not fit/],
  ['zeroes behind memory', guestElf(zeroes(0x40000000)), 78, /does not fit into 512 MiB of memory/],
  ['zeroes in low memory', guestElf(zeroes(0x1000)), 65, /below 0x100000/],
  [
    'zeroes beyond all addresses',
    guestElf(zeroes(0x300000, 2 ** 64 - 2 ** 21)),
    65,
    /beyond the address space/,
  ],
  ['writable and executable zeroes', guestElf(zeroes(0x300000, 0x1000, 7)), 65, /writable and executable/],
  ['a net device', guestElf(net), 78, /net service: declared by .* but not given; add --net:service=TAP/],
  ['a block device', guestElf(disk), 78, /block disk: declared by .* but not given; add --block:disk=FILE/],
  [
    'both',
    guestElf({ devices: [...net.devices, ...disk.devices] }),
    78,
    /net service, block disk: .* add --net:service=TAP --block:disk=FILE/,
  ],
  ['an unknown device', guestElf({ devices: [{ name: 'gpu', type: 9 }] }), 65, /device 'gpu' of type 9/],
  [
    'a device twice',
    guestElf({ devices: [...net.devices, ...net.devices] }),
    65,
    /'service' is declared twice/,
  ],
  [
    'a bad name',
    guestElf({ devices: [{ name: 'a\x1b[31m', type: 2 }] }),
    65,
    /name of device 1 is not 1 to 67 letters/,
  ],
  ['a long manifest', guestElf(spoiled((m) => m.writeUInt32LE(65, 4))), 65, /manifest is malformed/],
  [
    'no reserved entry',
    guestElf(spoiled((m) => m.writeUInt32LE(2, 76))),
    65,
    /first entry is not the reserved one/,
  ],
];

/** A segment that has no bytes in the file. */
function zeroes(address: number, memory = 0x1000, flags = 6): Guest {
  return { more: [{ address, flags, bytes: [], memory }] };
}

function spoiled(spoil: (manifest: Buffer) => void): Guest {
  return { spoil };
}

describe('an image', () => {
  test.each(IMAGES)('%s', (what, bytes, status, line) => {
    const file = image(`${what.replaceAll(' ', '-')}.spt`, bytes);
    const ended = tender('spt', '--sysexits', file);
    expect(ended.err).toMatch(line);
    expect(ended.err).toMatch(/^kittiwake-spt: [ -~]+\n$/);
    expect(ended).toMatchObject({ status, out: '' });
    expect(tender('spt', file).status).toBe(1);
  });

  test('a missing file', () => {
    expect(tender('spt', '--sysexits', `${good}.not`)).toMatchObject({
      status: 66,
      err: expect.stringMatching(/no such file; check the path\n$/) as string,
    });
  });

  test('a folder', () => {
    expect(tender('spt', '--sysexits', directory)).toMatchObject({
      status: 66,
      err: expect.stringMatching(/is a directory; name the image file in it\n$/) as string,
    });
  });

  test('control characters of a name do not reach the terminal', () => {
    expect(tender('spt', 'no\x1b[31msuch').err).toContain('no\\x1b[31msuch');
  });
});

const OPTIONS: readonly [args: string[], status: number, line: RegExp][] = [
  [[], 64, /no image is named/],
  [['--mem=0', good], 64, /'--mem=0': out of range/],
  [['--mem=2x', good], 64, /'--mem=2x': not a memory size/],
  [['--mem=99999999999999999999999', good], 64, /out of range/],
  [['--mem', good], 64, /'--mem': needs a value/],
  [['--nonsense', good], 64, /'--nonsense': unknown/],
  [['--net:service', good], 64, /needs a value/],
  [['--net:ser-vice=tap0', good], 64, /malformed device name/],
  [['--net:service=a/b', good], 64, /malformed interface name/],
  [['--net:service=12345678901234567', good], 64, /malformed interface name/],
  [['--net:a=t', '--net:a=u', good], 64, /already given/],
  [[`--net:${'n'.repeat(68)}=tap0`, good], 64, /malformed device name/],
  [
    [...Array.from({ length: 64 }, (_, i) => `--net:n${i}=t`), good],
    64,
    /'--net:n63=t': more than 63 device options/,
  ],
  [['--net-mac:a=02:00:00:00:00', good], 64, /malformed MAC/],
  [['--net-mac:a=01:00:00:00:00:01', good], 64, /multicast MAC/],
  [['--net-mac:a=00:00:00:00:00:00', good], 64, /zero MAC/],
  [['--block:disk', good], 64, /'--block:disk': needs a value; write it as '--block:NAME=PATH'/],
  [['--block:disk=', good], 64, /needs a value/],
  [['--block-ro:disk', good], 64, /needs a value; write it as '--block-ro:NAME=PATH'/],
  [['--block:di-sk=file', good], 64, /malformed device name/],
  [['--block:disk=a', '--block-ro:disk=b', good], 64, /device 'disk' was already given/],
  [['--block-sector-size:disk=512', '--block-sector-size:disk=512', good], 64, /already given/],
  ...['0', '256', '513', '65536', '99999999999999999999', '512k', '-512', ' 512'].map(
    (size): [string[], number, RegExp] => [
      [`--block-sector-size:disk=${size}`, good],
      64,
      /not a sector size \(Block size must be a multiple of 2 greater than or equal 512\); give a power of two from 512 to 32768/,
    ],
  ),
  [
    [...Array.from({ length: 64 }, (_, i) => `--block:n${i}=f`), good],
    64,
    /'--block:n63=f': more than 63 device options/,
  ],
  [
    ['--block:storage=file', good],
    78,
    /block storage: given but not declared by good.spt; it declares no block device/,
  ],
  [['--block-sector-size:disk=512', withDisk], 78, /block disk: declared .* but not given/],
  [['--net:disk=tap0', withDisk], 78, /net disk: given but not declared .* declares no network device/],
  [['--block:other=x', withDisk], 78, /block other: given but not declared .* declares 'disk'/],
  [
    ['--net:eth0=tap0', good],
    78,
    /net eth0: given but not declared by good.spt; it declares no network device/,
  ],
  [[good, 'x'.repeat(8192)], 64, /too long; the guest's command line holds 8191/],
];

describe('a command line', () => {
  test.each(OPTIONS)('%j', (args, status, line) => {
    const ended = tender('spt', '--sysexits', ...args);
    expect(ended.err).toMatch(line);
    expect(ended.err.split('\n')).toHaveLength(2);
    expect(ended.status).toBe(status);
    expect(tender('spt', ...args).status).toBe(1);
  });

  test('the longest one fits', () => {
    const words = 'y'.repeat(8191 - ' --exit=3'.length);
    expect(tender('spt', join(fixtures, 'hello.spt'), words, '--exit=3')).toMatchObject({ status: 3 });
  });

  test.each(['hvt', 'spt'] as const)('--help and --version of %s', (kind) => {
    const help = tender(kind, '--help');
    expect(help).toMatchObject({ status: 0, err: '' });
    expect(help.out.split('\n').every((line) => line.length <= 84)).toBe(true);
    expect(tender(kind, '--version')).toMatchObject({
      status: 0,
      // As of Solo5's tenders: Albatross takes no tender without a line that is exactly this.
      out: expect.stringMatching(/\nABI version 2\n$/) as string,
    });
  });
});

describe('hvt', () => {
  test('refuses an spt image by name', () => {
    expect(tender('hvt', '--sysexits', image('other.spt', guestElf({ code: exit(0) })))).toMatchObject({
      status: 65,
      err: expect.stringMatching(/run it with 'kittiwake-spt'\n$/) as string,
    });
  });

  test('says what KVM is good for, in one line of JSON', () => {
    const { out, status } = tender('hvt', '--probe-kvm');
    const { kvm, detail } = JSON.parse(out) as { kvm: string; detail: string };
    expect(['real', 'emulating', 'missing', 'forbidden', 'busy', 'unsupported']).toContain(kvm);
    expect(detail).not.toBe('');
    expect(status).toBe(kvm === 'real' ? 0 : kvm === 'forbidden' ? 77 : 69);
  });
});
