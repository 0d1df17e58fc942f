// What the tenders say about an image whose ELF header, segments, notes or manifest are wrong: every check of the parser.
import { afterAll, expect, test } from 'vitest';
import { CODE, exit, guestElf, type Guest } from './guest-elf.ts';
import { imageFolder, tender } from './tender.ts';

const { image, remove } = imageFolder();
afterAll(remove);

// Where fields of guestElf()'s images lie: the ELF header, the first program header, the notes and their headers.
const E_PHOFF = 32;
const LOAD = 64;
const P_FLAGS = LOAD + 4;
const P_OFFSET = LOAD + 8;
const P_VADDR = LOAD + 16;
const P_FILESZ = LOAD + 32;
const P_MEMSZ = LOAD + 40;
const P_ALIGN = LOAD + 48;
const ABI_HEADER = LOAD + 56;
const MFT_HEADER = LOAD + 2 * 56;
const ABI_NOTE = LOAD + 3 * 56;
const MFT_NOTE = ABI_NOTE + 36;
const DESCSZ = 4;
const DATA = 20;

const net = { name: 'service', type: 2 };

/** A good image with one thing changed. */
const byte =
  (at: number, value: number, guest?: Guest) =>
  (elf = guestElf(guest)): Buffer => (elf.writeUInt8(value, at), elf);
const short =
  (at: number, value: number) =>
  (elf = guestElf()) => (elf.writeUInt16LE(value, at), elf);
const int =
  (at: number, value: number, guest?: Guest) =>
  (elf = guestElf(guest)): Buffer => (elf.writeUInt32LE(value, at), elf);
const long =
  (at: number, value: bigint, guest?: Guest) =>
  (elf = guestElf(guest)): Buffer => (elf.writeBigUInt64LE(value, at), elf);
const manifest =
  (spoil: (bytes: Buffer) => void, devices = [net]) =>
  () =>
    guestElf({ devices, spoil });
const segments =
  (...more: NonNullable<Guest['more']>) =>
  (): Buffer =>
    guestElf({ more });

const WRONG: readonly [what: string, make: () => Buffer, line: RegExp][] = [
  ['32 bits', byte(4, 1), /32-bit ELF file; build the image for 64-bit x86_64/],
  ['a class that does not exist', byte(4, 9), /malformed ELF header \(unknown class\)/],
  ['big endian', byte(5, 2), /big-endian ELF file/],
  ['an order that does not exist', byte(5, 7), /unknown byte order/],
  ['an ELF version that does not exist', int(20, 2), /has ELF version 2/],
  ['an object file', short(16, 1), /not an executable \(ELF type 1\)/],
  ['another header size', short(52, 63), /wrong header size/],
  ['another program header size', short(54, 32), /wrong program header size/],
  ['no program headers', short(56, 0), /no program headers/],
  ['too many program headers', short(56, 129), /has 129 program headers, at most 128/],
  ['program headers beyond the file', long(E_PHOFF, 1n << 40n), /cut short .*program header table/],
  ['program headers beyond all files', long(E_PHOFF, (1n << 64n) - 8n), /cut short/],
  ['an entry below the image', () => guestElf({ entry: CODE - 1 }), /entry point 0xfffff lies outside/],
  ['nothing to load', long(P_FILESZ, 0n), /nothing to load/],

  ['no alignment', long(P_ALIGN, 0n), /segment 0 \(its alignment is not a power of two/],
  ['a crooked alignment', long(P_ALIGN, 3n), /alignment is not a power of two/],
  ['an alignment below the image', long(P_ALIGN, 1n << 21n), /aligned start is below 0x100000/],
  [
    'an alignment beyond memory',
    long(P_VADDR, (1n << 64n) - 4096n),
    /aligned end is beyond the address space/,
  ],
  [
    'a segment off its page',
    () => long(P_ALIGN, 1n)(long(P_VADDR, 0x100010n)(guestElf({ entry: 0x100010 }))),
    /does not begin and end on pages/,
  ],
  ['more in the file than in memory', long(P_MEMSZ, 1n), /larger in the file than in memory/],
  ['an end beyond all memory', long(P_MEMSZ, (1n << 64n) - 4096n), /end is beyond the address space/],
  ['bytes beyond the file', long(P_OFFSET, 1n << 63n), /cut short .*segment data/],
  ['bytes beyond all files', long(P_OFFSET, (1n << 64n) - 1n), /cut short .*segment data/],
  ['overlapping segments', segments({ address: CODE, flags: 6, bytes: [0] }), /segment 1 \(it overlaps/],
  [
    'segments in the wrong order',
    segments({ address: 0x300000, flags: 6, bytes: [0] }, { address: 0x200000, flags: 6, bytes: [0] }),
    /segment 2 \(it overlaps or precedes/,
  ],
  ['code to write', byte(P_FLAGS, 7), /segment 0 asks to be writable and executable/],

  ['a long ABI note', int(ABI_NOTE + DESCSZ, 33), /ABI note is malformed \(too long/],
  ['a short ABI note', int(ABI_NOTE + DESCSZ, 7), /ABI note is malformed \(too short/],
  ['an ABI note that leaves its segment', long(ABI_HEADER + 32, 30n), /longer than its segment/],
  ['an ABI note beyond the file', long(ABI_HEADER + 8, 1n << 62n), /cut short .*note/],
  [
    'a long manifest note',
    int(MFT_NOTE + DESCSZ, 4 + 8 + 104 * 64 + 1),
    /manifest note is malformed \(too long/,
  ],
  ['a manifest note beyond all files', long(MFT_HEADER + 8, (1n << 64n) - 22n), /cut short .*note/],
  ['another target', int(ABI_NOTE + DATA, 3), /image for the virtio target, this is kittiwake-spt/],
  ['an unknown target', int(ABI_NOTE + DATA, 99), /unknown target 99/],

  ['another manifest version', manifest((m) => m.writeUInt32LE(2, 0)), /version is not 1/],
  ['no entries', manifest((m) => m.writeUInt32LE(0, 4)), /has not 1 to 64 entries/],
  ['an entry less', manifest((m) => m.writeUInt32LE(1, 4)), /size does not match its entries/],
  ['a first entry with a name', manifest((m) => m.write('x', 8)), /first entry is not the reserved one/],
  ['a name without end', manifest((m) => m.fill('a', 8 + 104, 8 + 104 + 68)), /name has no end/],
  ['no name', manifest((m) => m.fill(0, 8 + 104, 8 + 104 + 68)), /name of device 1 is not/],
  ['an attached device', manifest((m) => m.writeUInt8(1, 8 + 104 + 96)), /marked as attached/],
];

test.each(WRONG)('%s', (what, make, line) => {
  const { status, out, err } = tender('spt', '--sysexits', image(`${what.replaceAll(' ', '-')}.spt`, make()));
  expect(err).toMatch(line);
  expect(err).toMatch(/^kittiwake-spt: [ -~]+; [ -~]+\n$/);
  expect({ status, out }).toEqual({ status: 65, out: '' });
});

test('a multicast address in the manifest is not given to a device', () => {
  const devices = [net];
  const file = image('multicast.spt', guestElf({ devices, spoil: (m) => m.writeUInt8(1, 8 + 104 + 72) }));
  expect(tender('spt', '--sysexits', '--net:service=tap0', file)).toMatchObject({
    status: 65,
    err: expect.stringMatching(/multicast one; give another with '--net-mac:service=02:/) as string,
  });
});

test('the most devices, with the longest names, are all named', () => {
  const devices = Array.from({ length: 63 }, (_, i) => ({ name: String(i).padStart(67, 'n'), type: 2 }));
  const { status, err } = tender('spt', '--sysexits', image('many.spt', guestElf({ devices })));
  expect(status).toBe(78);
  for (const { name } of devices) expect(err).toContain(`--net:${name}=TAP`);
  expect(err.split('\n')).toHaveLength(2);
});

test('entries reserved for others are no devices', () => {
  const devices = [{ name: '', type: 0x40000001 }];
  const file = image('reserved.spt', guestElf({ devices, code: exit(7) }));
  expect(tender('spt', file)).toMatchObject({ status: 7, err: '' });
});

test('segments that fit are loaded, and memory without bytes in the file is zero', () => {
  const code = [
    ...[0x0f, 0xb6, 0x3c, 0x25, 0, 0, 0x20, 0], // movzbl 0x200000, %edi
    ...[0x40, 0x02, 0x3c, 0x25, 0xff, 0x0f, 0x20, 0], // add 0x200fff, %dil
    ...[0x40, 0x02, 0x3c, 0x25, 0, 0, 0x30, 0], // add 0x300000, %dil
    ...[0xb8, 231, 0, 0, 0, 0x0f, 0x05],
  ];
  const more = [
    { address: 0x200000, flags: 6, bytes: [40], memory: 4096 },
    { address: 0x300000, flags: 4, bytes: [2] },
  ];
  expect(tender('spt', image('segments.spt', guestElf({ code, more })))).toMatchObject({
    status: 42,
    err: '',
  });
});
