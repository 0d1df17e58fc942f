// Reads the two notes of a Solo5 executable: ABI1 (which tender it is for) and MFT1 (the devices it wants). The image is
// hostile: nothing is believed before it is checked, and what is read is bounded. The tender checks again, and more, when
// it loads the image; this reader only needs to know enough to pick the tender and to describe the image.

/** abi_target in the ABI1 note. */
const TARGETS = new Map([
  [1, 'hvt'],
  [2, 'spt'],
  [3, 'virtio'],
  [4, 'muen'],
  [5, 'genode'],
  [6, 'xen'],
]);
const DEVICE_TYPES = new Map([
  [1, 'BLOCK_BASIC'],
  [2, 'NET_BASIC'],
]);
const ELF_HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const PT_NOTE = 4;
const NOTE_HEADER_SIZE = 20;
const NOTE_ABI1 = 0x31494241;
const NOTE_MFT1 = 0x3154464d;
const MFT_ENTRY_SIZE = 104;
const MFT_ENTRIES_MAX = 64;
const MFT_RESERVED_FIRST = 0x40000000;
const MACHINES = new Map([
  [3, 'i386'],
  [8, 'MIPS'],
  [20, 'PowerPC'],
  [21, 'ppc64'],
  [22, 's390x'],
  [40, 'ARM (32-bit)'],
  [62, 'x86_64'],
  [183, 'aarch64'],
  [243, 'RISC-V'],
]);

export interface Device {
  readonly name: string;
  readonly type: string;
}

export interface Image {
  readonly machine: string;
  readonly abi: { readonly target: string; readonly version: number };
  readonly devices: readonly Device[];
}

/** What is wrong with an image: one line `thing: cause; remedy`. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/** Random access to an image's bytes: up to `length` of them from `offset`, fewer at the end. */
export type ReadAt = (offset: number, length: number) => Buffer;

/** The notes of the executable behind `read`; `name` is for messages. @throws ImageError when it is no Solo5 image. */
export function parseImage(name: string, read: ReadAt): Image {
  const fail = (what: string): never => {
    throw new ImageError(`${name}: ${what}`);
  };
  const header = read(0, ELF_HEADER_SIZE);
  if (header.length < 4 || header.readUInt32BE(0) !== 0x7f454c46) {
    fail(`not an ELF executable; an image is a file such as hello.hvt or hello.spt`);
  }
  if (header.length < ELF_HEADER_SIZE)
    fail(`ends after ${header.length} bytes, within its ELF header; copy it again, it is truncated`);
  if (header[4] !== 2 || header[5] !== 1) fail(`not a 64-bit little-endian executable; build it for x86_64`);
  const machine = MACHINES.get(header.readUInt16LE(18)) ?? `machine type ${header.readUInt16LE(18)}`;
  const count = header.readUInt16LE(56);
  if (header.readUInt16LE(54) !== PROGRAM_HEADER_SIZE || count === 0) {
    fail(`has no valid program headers; copy it again or rebuild it`);
  }
  const tableOffset =
    offset64(header, 32) ?? fail(`its program headers lie beyond the end; copy it again, it is truncated`);
  const table = read(tableOffset, count * PROGRAM_HEADER_SIZE);
  if (table.length < count * PROGRAM_HEADER_SIZE)
    fail(`ends within its program headers; copy it again, it is truncated`);

  const abi = findNote(NOTE_ABI1, 4, 32, table, read, fail);
  if (!abi)
    return fail(`not a Solo5 image (it has no ABI note); only unikernels built for hvt or spt can run`);
  if (abi.length < 8) fail(`its ABI note is too short; rebuild the image`);
  const number = abi.readUInt32LE(0);
  const manifest = findNote(NOTE_MFT1, 8, 8 + 4 + MFT_ENTRIES_MAX * MFT_ENTRY_SIZE, table, read, fail);
  if (!manifest) return fail(`has no device manifest; rebuild the image`);
  return {
    machine,
    abi: { target: TARGETS.get(number) ?? `target ${number}`, version: abi.readUInt32LE(4) },
    devices: parseManifest(manifest, fail),
  };
}

/** The content of the first PT_NOTE whose first note is ours and of `type`; undefined where there is none. */
function findNote(
  type: number,
  align: number,
  limit: number,
  table: Buffer,
  read: ReadAt,
  fail: (what: string) => never,
): Buffer | undefined {
  for (let at = 0; at < table.length; at += PROGRAM_HEADER_SIZE) {
    if (table.readUInt32LE(at) !== PT_NOTE) continue;
    const offset = offset64(table, at + 8);
    const size = offset64(table, at + 32);
    if (offset === undefined || size === undefined)
      return fail(`a note lies beyond the end; copy it again, it is truncated`);
    if (size < NOTE_HEADER_SIZE) continue;
    const note = read(offset, NOTE_HEADER_SIZE);
    if (note.length < NOTE_HEADER_SIZE) return fail(`ends within a note; copy it again, it is truncated`);
    if (
      note.readUInt32LE(0) !== 6 ||
      note.toString('latin1', 12, 18) !== 'Solo5\0' ||
      note.readUInt32LE(8) !== type
    )
      continue;
    const descriptor = note.readUInt32LE(4);
    const padding = Math.ceil(NOTE_HEADER_SIZE / align) * align - NOTE_HEADER_SIZE;
    if (descriptor <= padding || descriptor > limit || size < NOTE_HEADER_SIZE + descriptor) {
      return fail(`a note has an impossible size; copy it again or rebuild it`);
    }
    const content = read(offset + NOTE_HEADER_SIZE + padding, descriptor - padding);
    if (content.length < descriptor - padding)
      return fail(`ends within a note; copy it again, it is truncated`);
    return content;
  }
  return undefined;
}

function parseManifest(bytes: Buffer, fail: (what: string) => never): Device[] {
  const bad = (what: string): never => fail(`its device manifest is invalid (${what}); rebuild the image`);
  if (bytes.length < 8) bad('too short');
  if (bytes.readUInt32LE(0) !== 1) bad(`version ${bytes.readUInt32LE(0)}`);
  const entries = bytes.readUInt32LE(4);
  if (entries < 1 || entries > MFT_ENTRIES_MAX) bad(`${entries} entries`);
  if (bytes.length !== 8 + entries * MFT_ENTRY_SIZE) bad('size and number of entries disagree');
  const devices: Device[] = [];
  for (let index = 0; index < entries; index++) {
    const entry = bytes.subarray(8 + index * MFT_ENTRY_SIZE, 8 + (index + 1) * MFT_ENTRY_SIZE);
    const type = entry.readUInt32LE(68);
    const end = entry.indexOf(0);
    if (end < 0 || end > 67) bad(`the name of entry ${index} does not end`);
    if (entry[96] !== 0) bad(`entry ${index} claims to be attached`);
    if (index === 0) {
      if (type !== MFT_RESERVED_FIRST || end !== 0) bad('the reserved first entry is missing');
      continue;
    }
    const name = entry.toString('latin1', 0, end);
    devices.push({ name, type: DEVICE_TYPES.get(type) ?? `type ${type}` });
  }
  return devices;
}

/** A 64-bit file offset or size, or undefined where no file is that large. */
function offset64(bytes: Buffer, at: number): number | undefined {
  const value = bytes.readBigUInt64LE(at);
  return value <= 0xffff_ffff_ffffn ? Number(value) : undefined;
}
