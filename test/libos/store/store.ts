// A store over an archive in memory, for the tests.
import { fromModule, instantiate, compileEntry, type Module } from '../module.ts';

interface Exports extends Module {
  readonly buffer: { readonly value: number };
  open(capacity: bigint, sector: number, budget: number): number;
  close(archive: number): void;
  status(archive: number): number;
  words(archive: number): number;
  files(archive: number): number;
  skipped(archive: number): number;
  checksummed(archive: number): number;
  slots(archive: number): number;
  misses(archive: number): bigint;
  corrupt(archive: number): bigint;
  find(archive: number, size: number): number;
  size(entry: number): bigint;
  modified(entry: number): bigint;
  tag(entry: number): bigint;
  gzip(entry: number): number;
  brotli(entry: number): number;
  read(archive: number, entry: number, offset: bigint, size: number): number;
  peek(archive: number, entry: number, offset: bigint): number;
  peeked(archive: number): number;
  crc32(size: number): number;
  pages(): number;
}

export interface Options {
  /** Bytes; 512 when not said. */
  readonly sector?: number;
  /** Bytes; 1 MiB when not said. */
  readonly budget?: number;
  /** Bytes, when not the archive's. */
  readonly capacity?: number;
}

/** An instance of the module with a device that holds whatever archive was opened last. */
export class Harness {
  readonly exports: Exports;
  /** The reads of the device that succeed before all others fail. */
  healthyReads = Infinity;
  reads = 0;
  #device: Uint8Array = new Uint8Array();

  constructor(module: WebAssembly.Module) {
    this.exports = instantiate<Exports>(
      module,
      {},
      {
        'store.as': {
          readDevice: (offset: bigint, to: number, size: number): number =>
            this.#read(Number(offset), to, size),
        },
      },
    );
  }

  #sector = 512;
  #capacity = 0;

  #read(offset: number, to: number, size: number): number {
    if (offset % this.#sector !== 0 || size % this.#sector !== 0 || size === 0)
      throw new Error(`read of ${size} bytes at ${offset}: not whole sectors`);
    if (offset + size > this.#capacity) throw new Error(`read of ${size} bytes at ${offset}: beyond the end`);
    if (this.reads++ >= this.healthyReads) return 0;
    const memory = new Uint8Array(this.exports.memory.buffer, to, size);
    memory.fill(0);
    memory.set(this.#device.subarray(offset, offset + size));
    return 1;
  }

  /** Opens `archive`, padded to whole sectors. */
  open(archive: Uint8Array, { sector = 512, budget = 1 << 20, capacity }: Options = {}): Archive {
    this.#device = archive;
    this.#sector = sector;
    this.#capacity = Math.ceil((capacity ?? archive.length) / sector) * sector;
    return new Archive(this, this.exports.open(BigInt(this.#capacity), sector, budget));
  }

  /** The bytes the tests and the module share. */
  get buffer(): Buffer {
    return Buffer.from(this.exports.memory.buffer, this.exports.buffer.value, 1 << 20);
  }
}

export class Archive {
  readonly #harness: Harness;
  readonly pointer: number;

  constructor(harness: Harness, pointer: number) {
    this.#harness = harness;
    this.pointer = pointer;
  }

  get #exports(): Exports {
    return this.#harness.exports;
  }

  /** '' when it is in order. */
  get refusal(): string {
    return this.#exports.status(this.pointer) === 0
      ? ''
      : fromModule(this.#exports, this.#exports.words(this.pointer));
  }

  get files(): number {
    return this.#exports.files(this.pointer);
  }

  get skipped(): number {
    return this.#exports.skipped(this.pointer);
  }

  get checksummed(): boolean {
    return this.#exports.checksummed(this.pointer) !== 0;
  }

  /** The entry called `name`, 0 without. */
  find(name: string): number {
    return this.#exports.find(this.pointer, this.#harness.buffer.write(name));
  }

  /** What one read gives, -1 when it fails. */
  read(entry: number, offset: number, size: number): Buffer | -1 {
    const got = this.#exports.read(this.pointer, entry, BigInt(offset), size);
    return got < 0 ? -1 : Buffer.from(this.#harness.buffer.subarray(0, got));
  }

  /** The whole content of `name`; undefined when there is no such file. */
  content(name: string): Buffer | -1 | undefined {
    const entry = this.find(name);
    return entry === 0 ? undefined : this.read(entry, 0, Number(this.#exports.size(entry)));
  }

  close(): void {
    this.#exports.close(this.pointer);
  }
}

export async function loadStore(): Promise<() => Harness> {
  const module = await compileEntry('test/libos/store/store.as.ts');
  return () => new Harness(module);
}

/** A header as ustar has it; `change` may spoil fields before the checksum is made. */
export function header(
  name: string,
  size: number,
  type = '0',
  change: (block: Buffer) => void = () => undefined,
): Buffer {
  const block = Buffer.alloc(512);
  block.write(name, 0, 100);
  block.write('0000644\0' + '0000000\0'.repeat(2), 100);
  block.write(size.toString(8).padStart(11, '0'), 124);
  block.write('14512345670', 136);
  block.write(type, 156);
  block.write('ustar\x0000', 257);
  change(block);
  block.write('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** An entry with its content, padded. */
export function entry(
  name: string,
  content: string | Buffer,
  type = '0',
  change?: (block: Buffer) => void,
): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    header(name, bytes.length, type, change),
    Buffer.concat([bytes], Math.ceil(bytes.length / 512) * 512),
  ]);
}

/** Entries with the two blocks of zeros that end an archive. */
export function archiveOf(...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}

/** The pax records of `fields`. */
export function records(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([key, value]) => {
      const rest = Buffer.byteLength(` ${key}=${value}\n`);
      let length = rest + 1;
      while (String(length).length + rest !== length) length = String(length).length + rest;
      return `${length} ${key}=${value}\n`;
    })
    .join('');
}
