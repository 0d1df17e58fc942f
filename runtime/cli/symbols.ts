// The functions of an image by address: from its ELF symbol table, or from the names that images of ours carry for their traps, and its code.
// The image is hostile: every offset is checked, and what is read is bounded; what makes no sense gives no names, and no error.

const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const SECTION_HEADER = 64;
const SYMBOL = 24;
const PT_LOAD = 1;
const PT_NOTE = 4;
const SHT_SYMTAB = 2;
/** STT_NOTYPE, as assembly leaves its labels, and STT_FUNC. */
const FUNCTION_TYPES = new Set([0, 2]);
/** "NAM1": where the table of names lies (scripts/images/link.ts). */
const NOTE_NAMES = 0x314d414e;
const NAMES_DESCRIPTOR = 32;

const HEADERS_MAX = 1024;
const SYMBOLS_MAX = 1 << 20;
const NAMES_MAX = 1 << 20;
const NAME_MAX = 400;

/** A function from `start` on; `end` is that of the last address in it. */
interface Function {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

interface Load {
  readonly address: number;
  readonly size: number;
  readonly offset: number;
  readonly executable: boolean;
}

export interface Symbols {
  /** How many functions have names. */
  readonly count: number;
  /** The function that contains `address`, and how far into it that is. */
  readonly at: (address: bigint) => { readonly name: string; readonly offset: number } | undefined;
  /** Whether the instruction before `address` is a call, so that it may be a return address. */
  readonly followsCall: (address: bigint) => boolean;
}

/** What is known about the image `bytes`. */
export function readSymbols(bytes: Buffer): Symbols {
  const reader = new Reader(bytes);
  const loads = readLoads(reader);
  const functions = readTable(reader, loads);
  const known = (functions.length > 0 ? functions : readNames(reader, loads)).sort(
    (one, other) => one.start - other.start,
  );
  return {
    count: known.length,
    at: (address) => {
      const found = find(known, Number(address));
      return found && { name: found.name, offset: Number(address) - found.start };
    },
    followsCall: (address) => {
      const end = Number(address);
      const code = loads.find(
        (load) => load.executable && end > load.address && end <= load.address + load.size,
      );
      if (!code) return false;
      const before = Math.min(7, end - code.address);
      const at = code.offset + (end - code.address);
      return endsWithCall(reader.slice(at - before, before) ?? Buffer.alloc(0));
    },
  };
}

/** The last function that starts at or before `address`, if it reaches there. */
function find(functions: readonly Function[], address: number): Function | undefined {
  let [low, high] = [0, functions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((functions[middle]?.start ?? Infinity) <= address) low = middle + 1;
    else high = middle;
  }
  const found = functions[low - 1];
  return found && address < found.end ? found : undefined;
}

/**
 * Whether an instruction at the end of `code` is a near call: E8, or FF /2 with an operand of any form (Intel SDM vol. 2, CALL and
 * table 2-2).
 */
function endsWithCall(code: Buffer): boolean {
  const at = (back: number): number => code[code.length - back] ?? -1;
  if (at(5) === 0xe8) return true;
  return [2, 3, 4, 6, 7].some((length) => {
    const operand = at(length - 1);
    if (at(length) !== 0xff || operand < 0 || ((operand >> 3) & 7) !== 2) return false;
    const mode = operand >> 6;
    const indexed = mode !== 3 && (operand & 7) === 4;
    const far =
      mode === 2 || (mode === 0 && ((operand & 7) === 5 || (indexed && (at(length - 2) & 7) === 5)));
    return length === 2 + (indexed ? 1 : 0) + (far ? 4 : mode === 1 ? 1 : 0);
  });
}

/** Numbers of a file; undefined beyond its end, or where they are too large to be in it. */
class Reader {
  readonly #bytes: Buffer;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  slice(offset: number, size: number): Buffer | undefined {
    return offset >= 0 && size >= 0 && offset + size <= this.#bytes.length
      ? this.#bytes.subarray(offset, offset + size)
      : undefined;
  }
  word(offset: number): number | undefined {
    const value = this.slice(offset, 8)?.readBigUInt64LE(0);
    return value !== undefined && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
  }
}

function readLoads(reader: Reader): Load[] {
  return programHeaders(reader).flatMap((header) => {
    const [offset, address, size] = [8, 16, 32].map((at) => Number(header.readBigUInt64LE(at)));
    if (header.readUInt32LE(0) !== PT_LOAD || offset === undefined || address === undefined || !size)
      return [];
    return Number.isSafeInteger(offset + address + size)
      ? [{ address, size, offset, executable: (header.readUInt32LE(4) & 1) !== 0 }]
      : [];
  });
}

function programHeaders(reader: Reader): Buffer[] {
  const header = reader.slice(0, ELF_HEADER);
  const table = reader.word(32);
  if (header?.readUInt32BE(0) !== 0x7f454c46 || table === undefined) return [];
  const count = Math.min(header.readUInt16LE(56), HEADERS_MAX);
  return Array.from({ length: count }, (_, i) =>
    reader.slice(table + i * PROGRAM_HEADER, PROGRAM_HEADER),
  ).filter((each) => each !== undefined);
}

/** The file's bytes for guest memory from `address` on. */
function inMemory(reader: Reader, loads: readonly Load[], address: number, size: number): Buffer | undefined {
  const load = loads.find((each) => address >= each.address && address + size <= each.address + each.size);
  return load && reader.slice(load.offset + (address - load.address), size);
}

/** Functions of the ELF symbol table, as toolchains leave it. One without a size reaches to the next. */
function readTable(reader: Reader, loads: readonly Load[]): Function[] {
  const header = reader.slice(0, ELF_HEADER);
  const table = reader.word(40);
  if (!header || table === undefined) return [];
  const sections = Array.from({ length: Math.min(header.readUInt16LE(60), HEADERS_MAX) }, (_, i) =>
    reader.slice(table + i * SECTION_HEADER, SECTION_HEADER),
  );
  const place = (section: Buffer | undefined): Buffer | undefined =>
    section && reader.slice(Number(section.readBigUInt64LE(24)), Number(section.readBigUInt64LE(32)));
  const symtab = sections.find((section) => section?.readUInt32LE(4) === SHT_SYMTAB);
  const symbols = place(symtab);
  const names = place(sections[symtab?.readUInt32LE(40) ?? -1]);
  if (!symbols || !names) return [];
  const starts: { start: number; size: number; name: string }[] = [];
  for (let i = 0; i < Math.min(Math.floor(symbols.length / SYMBOL), SYMBOLS_MAX); i++) {
    const symbol = symbols.subarray(i * SYMBOL, (i + 1) * SYMBOL);
    const start = Number(symbol.readBigUInt64LE(8));
    const code = loads.some(
      (load) => load.executable && start >= load.address && start < load.address + load.size,
    );
    const name = textAt(names, symbol.readUInt32LE(0));
    if (code && name !== '' && FUNCTION_TYPES.has((symbol[4] ?? 0) & 15))
      starts.push({ start, size: Number(symbol.readBigUInt64LE(16)), name });
  }
  starts.sort((one, other) => one.start - other.start);
  return starts.map(({ start, size, name }, i) => ({
    start,
    end:
      size > 0
        ? start + size
        : (starts.slice(i + 1, i + 9).find((next) => next.start > start)?.start ?? Infinity),
    name,
  }));
}

function textAt(bytes: Buffer, at: number): string {
  const part = bytes.subarray(at, at + NAME_MAX);
  const end = part.indexOf(0);
  return part.toString('latin1', 0, end < 0 ? part.length : end);
}

/** The names that an image of ours keeps for its traps; support code has none. */
function readNames(reader: Reader, loads: readonly Load[]): Function[] {
  const note = programHeaders(reader)
    .filter((header) => header.readUInt32LE(0) === PT_NOTE)
    .map((header) => reader.slice(Number(header.readBigUInt64LE(8)), 20 + NAMES_DESCRIPTOR))
    .find((each) => each?.toString('latin1', 12, 20) === 'KTTWAKE\0' && each.readUInt32LE(8) === NOTE_NAMES);
  if (!note || note.readUInt32LE(4) !== NAMES_DESCRIPTOR) return [];
  const [count, packedSize] = [note.readUInt32LE(20), note.readUInt32LE(24)];
  const [sizesAt, namesAt] = [Number(note.readBigUInt64LE(36)), Number(note.readBigUInt64LE(44))];
  if (count > SYMBOLS_MAX || packedSize > NAMES_MAX) return [];
  const sizes = inMemory(reader, loads, sizesAt, count * 2);
  const packed = inMemory(reader, loads, namesAt, packedSize);
  if (!sizes || !packed) return [];
  const names = unpack(packed).toString('latin1').split('\0');
  const functions: Function[] = [];
  let start = Number(note.readBigUInt64LE(28));
  for (let i = 0; i < count; i++) {
    const end = start + sizes.readUInt16LE(i * 2);
    const name = names[i] ?? '';
    if (name !== '') functions.push({ start, end, name: name.slice(0, NAME_MAX) });
    start = end;
  }
  return functions;
}

/** Undoes scripts/images/pack.ts, as far as it makes sense and is not too long. */
function unpack(packed: Buffer): Buffer {
  const out = Buffer.alloc(NAMES_MAX);
  let size = 0;
  for (let at = 0; at < packed.length;) {
    const kind = packed[at++] ?? 0;
    let next: (i: number) => number;
    let count: number;
    if (kind < 128) {
      count = kind + 1;
      const from = at;
      next = (i) => packed[from + i] ?? 0;
      at += count;
    } else if (kind < 192) {
      count = (kind - 128 + 1) * 2;
      const from = at;
      next = (i) => (i % 2 === 0 ? (packed[from + i / 2] ?? 0) : 0);
      at += count / 2;
    } else if (kind < 224) {
      count = kind - 192 + 1;
      next = () => 0;
    } else {
      count = kind - 224 + 5;
      const distance = (packed[at] ?? 0) | ((packed[at + 1] ?? 0) << 8);
      const from = size - distance;
      if (distance === 0 || from < 0) break;
      next = (i) => out[from + i] ?? 0;
      at += 2;
    }
    if (size + count > out.length) break;
    for (let i = 0; i < count; i++) out[size + i] = next(i);
    size += count;
  }
  return out.subarray(0, size);
}
