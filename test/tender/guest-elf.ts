// Whole little guests: an ELF image for a tender with a few bytes of machine code, right or wrong in one respect.

import { word } from './code.ts';

export const CODE = 0x100000;
const PAGE = 0x1000;
const HEADER = 64;
const PROGRAM_HEADER = 56;

export interface Segment {
  readonly address: number;
  readonly flags: number;
  readonly bytes: readonly number[];
  /** Its size in memory, where it is larger than in the file. */
  readonly memory?: number;
}

export interface Guest {
  readonly target?: 'hvt' | 'spt';
  /** Machine code; it begins at CODE. */
  readonly code?: readonly number[];
  /** p_flags of its segment: read 4, write 2, execute 1. */
  readonly flags?: number;
  /** Its segment's address in memory. */
  readonly address?: number;
  /** Its segment's size in memory, where it is larger than in the file. */
  readonly memory?: number;
  readonly entry?: number;
  readonly machine?: number;
  /** e_type; 2 is an executable. */
  readonly type?: number;
  readonly abiVersion?: number;
  /** More segments, in this order behind the first. */
  readonly more?: readonly Segment[];
  readonly devices?: readonly { readonly name: string; readonly type: number }[];
  /** What its note of features says; without one there is no such note. */
  readonly features?: number;
  readonly without?: 'abi' | 'manifest';
  /** Changes the manifest before it is wrapped into its note. */
  readonly spoil?: (manifest: Buffer) => void;
}

/** mov $status, %edi; mov $231, %eax; syscall: exit_group under spt. */
export function exit(status: number): number[] {
  return [0xbf, status, 0, 0, 0, ...call(231)];
}

/** mov $number, %eax; syscall. */
export function call(number: number): number[] {
  return [0xb8, number & 255, number >> 8, 0, 0, 0x0f, 0x05];
}

export function guestElf(guest: Guest = {}): Buffer {
  const { target = 'spt', code = exit(0), flags = 5, address = CODE, entry = CODE } = guest;
  const { machine = 62, type = 2, abiVersion = 2, devices = [], more = [], without, spoil } = guest;
  const abi = Buffer.alloc(16);
  abi.writeUInt32LE(target === 'hvt' ? 1 : 2, 0);
  abi.writeUInt32LE(abiVersion, 4);
  const manifest = Buffer.alloc(8 + 104 * (devices.length + 1));
  manifest.writeUInt32LE(1, 0);
  manifest.writeUInt32LE(devices.length + 1, 4);
  manifest.writeUInt32LE(0x40000000, 8 + 68);
  for (const [index, device] of devices.entries()) {
    manifest.write(device.name, 8 + 104 * (index + 1), 'latin1');
    manifest.writeUInt32LE(device.type, 8 + 104 * (index + 1) + 68);
  }
  spoil?.(manifest);
  const notes = [
    ...(without === 'abi' ? [] : [note(0x31494241, abi, 4)]),
    ...(without === 'manifest' ? [] : [note(0x3154464d, manifest, 8)]),
    ...(guest.features === undefined
      ? []
      : [note(0x31414546, Buffer.from(word(guest.features)), 4, 'KTTWAKE\0')]),
  ];

  const header = Buffer.alloc(HEADER);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(type, 16);
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(entry), 24);
  header.writeBigUInt64LE(BigInt(HEADER), 32);
  header.writeUInt16LE(HEADER, 52);
  header.writeUInt16LE(PROGRAM_HEADER, 54);
  header.writeUInt16LE(1 + more.length + notes.length, 56);

  const segments = [{ address, flags, bytes: code, memory: guest.memory ?? code.length }, ...more];
  const table: Buffer[] = [];
  const contents: Buffer[] = [];
  const offsetOfNotes = HEADER + PROGRAM_HEADER * (segments.length + notes.length);
  const front = Math.ceil((offsetOfNotes + Buffer.concat(notes).length) / PAGE) * PAGE;
  let offset = front; // the segments' bytes lie behind the notes, from page to page
  for (const { address, flags, bytes, memory = bytes.length } of segments) {
    const load = programHeader(1, flags, offset, bytes.length);
    load.writeBigUInt64LE(BigInt(address), 16);
    load.writeBigUInt64LE(BigInt(memory), 40);
    load.writeBigUInt64LE(BigInt(PAGE), 48);
    table.push(load);
    const last = table.length === segments.length;
    const padding = last ? 0 : (PAGE - (bytes.length % PAGE)) % PAGE;
    contents.push(Buffer.from(bytes), Buffer.alloc(padding));
    offset += bytes.length + padding;
  }
  offset = offsetOfNotes;
  for (const bytes of notes) {
    table.push(programHeader(4, 4, offset, bytes.length));
    offset += bytes.length;
  }
  const head = Buffer.concat([header, ...table, ...notes]);
  return Buffer.concat([head, Buffer.alloc(front - head.length), ...contents]);
}

function programHeader(type: number, flags: number, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(PROGRAM_HEADER);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(flags, 4);
  bytes.writeBigUInt64LE(BigInt(offset), 8);
  bytes.writeBigUInt64LE(BigInt(size), 32);
  bytes.writeBigUInt64LE(BigInt(size), 40);
  bytes.writeBigUInt64LE(4n, 48);
  return bytes;
}

function note(type: number, content: Buffer, align: number, owner = 'Solo5\0'): Buffer {
  const padding = Math.ceil(20 / align) * align - 20;
  const head = Buffer.alloc(20 + padding);
  head.writeUInt32LE(owner.length, 0);
  head.writeUInt32LE(padding + content.length, 4);
  head.writeUInt32LE(type, 8);
  head.write(owner, 12, 'latin1');
  return Buffer.concat([head, content]);
}
