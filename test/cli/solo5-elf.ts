// Builds the few bytes of a Solo5 executable that say what it is, right or wrong in one respect.

export interface Shape {
  machine?: number;
  target?: number;
  version?: number;
  devices?: readonly { name: string; type: number }[];
  /** Leaves a note out. */
  without?: 'abi' | 'manifest';
  /** Changes the manifest's bytes before they are wrapped. */
  spoil?: (manifest: Buffer) => void;
}

const HEADER = 64;
const PROGRAM_HEADER = 56;

/** An ELF file with an ABI1 and an MFT1 note and nothing to run. */
export function solo5Elf(shape: Shape = {}): Buffer {
  const { machine = 62, target = 2, version = 2, devices = [], without, spoil } = shape;
  const abi = Buffer.alloc(16);
  abi.writeUInt32LE(target, 0);
  abi.writeUInt32LE(version, 4);
  const manifest = Buffer.alloc(8 + 104 * (devices.length + 1));
  manifest.writeUInt32LE(1, 0);
  manifest.writeUInt32LE(devices.length + 1, 4);
  manifest.writeUInt32LE(0x40000000, 8 + 68);
  for (const [index, { name, type }] of devices.entries()) {
    const at = 8 + 104 * (index + 1);
    manifest.write(name, at, 'latin1');
    manifest.writeUInt32LE(type, at + 68);
  }
  spoil?.(manifest);
  const notes = [
    ...(without === 'abi' ? [] : [note(0x31494241, abi, 4)]),
    ...(without === 'manifest' ? [] : [note(0x3154464d, manifest, 8)]),
  ];

  const header = Buffer.alloc(HEADER);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(machine, 18);
  header.writeBigUInt64LE(BigInt(HEADER), 32);
  header.writeUInt16LE(PROGRAM_HEADER, 54);
  header.writeUInt16LE(Math.max(notes.length, 1), 56);
  const table = Buffer.alloc(PROGRAM_HEADER * Math.max(notes.length, 1));
  let offset = HEADER + table.length;
  for (const [index, bytes] of notes.entries()) {
    const at = index * PROGRAM_HEADER;
    table.writeUInt32LE(4, at);
    table.writeBigUInt64LE(BigInt(offset), at + 8);
    table.writeBigUInt64LE(BigInt(bytes.length), at + 32);
    offset += bytes.length;
  }
  return Buffer.concat([header, table, ...notes]);
}

function note(type: number, content: Buffer, align: number): Buffer {
  const padding = Math.ceil(20 / align) * align - 20;
  const head = Buffer.alloc(20 + padding);
  head.writeUInt32LE(6, 0);
  head.writeUInt32LE(padding + content.length, 4);
  head.writeUInt32LE(type, 8);
  head.write('Solo5\0', 12, 'latin1');
  return Buffer.concat([head, content]);
}
