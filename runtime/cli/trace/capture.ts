// A capture, piece by piece as it comes: classic pcap (draft-ietf-opsawg-pcap) of either byte order, with micro- or nanoseconds. Whoever wrote
// it may have written anything: each length is checked, and no more is kept than one record and what was read with it.
import { CommandError, EXIT } from '../errors.ts';

const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;
const PCAPNG = 0x0a0d0d0a;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET = 1;
/** Bytes of the longest record anybody writes (libpcap's MAXIMUM_SNAPLEN). */
const RECORD_MAX = 262_144;
/** Bytes that are read at once. */
const CHUNK = 65_536;

export interface Frame {
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Bytes on the wire; `bytes` may be fewer, and are good until the next frame is asked for. */
  readonly length: number;
  readonly bytes: Buffer;
}

interface Format {
  readonly little: boolean;
  /** Nanoseconds of the second word's unit. */
  readonly fraction: number;
}

export class Capture {
  readonly #name: string;
  readonly #buffer = Buffer.alloc(RECORD_HEADER + RECORD_MAX + CHUNK);
  #begin = 0;
  #end = 0;
  /** Of the capture, where #begin is. */
  #offset = 0;
  #format: Format | undefined;

  /** `name` is for messages. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Room for the next bytes; taken() says how many were put there. When next() gave undefined there is some. */
  get room(): Buffer {
    this.#buffer.copyWithin(0, this.#begin, this.#end);
    this.#end -= this.#begin;
    this.#begin = 0;
    return this.#buffer.subarray(this.#end, this.#end + CHUNK);
  }

  taken(count: number): void {
    this.#end += count;
  }

  /** Whether a record has begun that is not whole. */
  get isCut(): boolean {
    return this.#end > this.#begin || this.#format === undefined;
  }

  /**
   * The next whole frame; undefined until more bytes have come.
   * @throws CommandError `image` when this is no capture, or is damaged.
   */
  next(): Frame | undefined {
    this.#format ??= this.#readFormat();
    if (!this.#format || this.#end - this.#begin < RECORD_HEADER) return undefined;
    const [seconds, part, captured, length] = [0, 4, 8, 12].map((at) => this.#word(at)) as [
      number,
      number,
      number,
      number,
    ];
    const { fraction } = this.#format;
    if (captured > RECORD_MAX || captured > length || part * fraction >= 1e9)
      throw this.#wrong(`is damaged at byte ${this.#offset}, where no record begins`);
    const end = this.#begin + RECORD_HEADER + captured;
    if (end > this.#end) return undefined;
    const bytes = this.#buffer.subarray(this.#begin + RECORD_HEADER, end);
    this.#offset += RECORD_HEADER + captured;
    this.#begin = end;
    return { seconds, nanoseconds: part * fraction, length, bytes };
  }

  #word(at: number): number {
    const place = this.#begin + at;
    return this.#format?.little ? this.#buffer.readUInt32LE(place) : this.#buffer.readUInt32BE(place);
  }

  #readFormat(): Format | undefined {
    if (this.#end - this.#begin < 4) return undefined;
    const magic = this.#buffer.readUInt32BE(0);
    const swapped = this.#buffer.readUInt32LE(0);
    if (magic === PCAPNG) throw this.#wrong(`is pcapng; convert it with 'editcap -F pcap'`);
    const little = swapped === MICROSECONDS || swapped === NANOSECONDS;
    if (!little && magic !== MICROSECONDS && magic !== NANOSECONDS) throw this.#wrong('is no capture');
    if (this.#end - this.#begin < FILE_HEADER) return undefined;
    const word = (at: number): number =>
      little ? this.#buffer.readUInt32LE(at) : this.#buffer.readUInt32BE(at);
    // The upper bits may say how long the frames' checksums are.
    const type = word(20) & 0xffff;
    if (type !== ETHERNET) throw this.#wrong(`holds no Ethernet frames, but link type ${type}`);
    this.#begin = FILE_HEADER;
    this.#offset = FILE_HEADER;
    return { little, fraction: word(0) === MICROSECONDS ? 1000 : 1 };
  }

  #wrong(cause: string): CommandError {
    return new CommandError(
      EXIT.image,
      `${this.#name}: ${cause}; name the file of a tender's '--pcap:NAME=FILE'`,
    );
  }
}

/** The head of a capture made of written() frames. */
export function head(): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER);
  for (const [index, word] of [NANOSECONDS, 0x0004_0002, 0, 0, RECORD_MAX, ETHERNET].entries())
    bytes.writeUInt32LE(word, 4 * index);
  return bytes;
}

/** A frame as a record of such a capture. */
export function written({ seconds, nanoseconds, length, bytes }: Frame): Buffer {
  const record = Buffer.alloc(RECORD_HEADER + bytes.length);
  for (const [index, word] of [seconds, nanoseconds, bytes.length, length].entries())
    record.writeUInt32LE(word, 4 * index);
  bytes.copy(record, RECORD_HEADER);
  return record;
}
