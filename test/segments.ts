// TCP segments (RFC 9293, 3.1) of either version of IP, written and read apart from the code under test.
import { checksum, ETHERTYPE, transportChecksum } from './packets.ts';

export interface Options {
  readonly mss?: number;
  readonly scale?: number;
  readonly sackPermitted?: boolean;
  /** Value and echo. */
  readonly timestamps?: readonly [number, number];
  /** Start and end of each block, as absolute numbers. */
  readonly sack?: readonly (readonly [number, number])[];
  /** These bytes instead of any of the above. */
  readonly raw?: Buffer;
}

export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly seq: number;
  readonly ack: number;
  /** Of "SFRA", in this order. */
  readonly flags: string;
  readonly push: boolean;
  readonly window: number;
  readonly data: Buffer;
  readonly options: Options;
}

export const TCP = 6;

const BITS: Record<string, number> = { F: 1, S: 2, R: 4, P: 8, A: 16, U: 32 };

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function encodeOptions(options: Options): Buffer {
  if (options.raw !== undefined) return options.raw;
  const parts: Buffer[] = [];
  const { mss, scale, sackPermitted = false, timestamps, sack } = options;
  if (mss !== undefined) parts.push(Buffer.from([2, 4, mss >> 8, mss & 255]));
  if (sackPermitted) parts.push(Buffer.from([1, 1, 4, 2]));
  if (timestamps) parts.push(Buffer.from([1, 1, 8, 10]), word(timestamps[0]), word(timestamps[1]));
  if (scale !== undefined) parts.push(Buffer.from([1, 3, 3, scale]));
  if (sack) parts.push(Buffer.from([1, 1, 5, 2 + 8 * sack.length]), ...sack.flat().map(word));
  return Buffer.concat(parts);
}

/** A segment between two addresses; `flags` are letters of "FSRPAU". */
export function encodeSegment(source: Buffer, destination: Buffer, fields: Partial<Segment>): Buffer {
  const { from = 40000, to = 80, seq = 0, ack = 0, flags = '', window = 65535 } = fields;
  const { data = Buffer.alloc(0) } = fields;
  const options = encodeOptions(fields.options ?? {});
  const header = Buffer.alloc(20);
  header.writeUInt16BE(from, 0);
  header.writeUInt16BE(to, 2);
  header.writeUInt32BE(seq >>> 0, 4);
  header.writeUInt32BE(ack >>> 0, 8);
  header[12] = (5 + options.length / 4) << 4;
  header[13] = Array.from(flags, (letter) => BITS[letter] ?? 0).reduce((bits, bit) => bits | bit, 0);
  header.writeUInt16BE(window, 14);
  const segment = Buffer.concat([header, options, data]);
  segment.writeUInt16BE(transportChecksum(TCP, source, destination, segment), 16);
  return segment;
}

function decodeOptions(bytes: Buffer): Options {
  const found: { -readonly [K in keyof Options]: Options[K] } = {};
  for (let at = 0; at < bytes.length;) {
    const kind = bytes[at];
    if (kind === 0) break;
    if (kind === 1) {
      at++;
      continue;
    }
    const size = bytes[at + 1] ?? 0;
    if (size < 2 || at + size > bytes.length) throw new Error(`broken option ${bytes.toString('hex')}`);
    const at2 = (offset: number): number => bytes.readUInt32BE(at + offset);
    if (kind === 2) found.mss = bytes.readUInt16BE(at + 2);
    else if (kind === 3) found.scale = bytes.readUInt8(at + 2);
    else if (kind === 4) found.sackPermitted = true;
    else if (kind === 8) found.timestamps = [at2(2), at2(6)];
    else if (kind === 5) {
      found.sack = Array.from(
        { length: (size - 2) / 8 },
        (_, i) => [at2(2 + 8 * i), at2(6 + 8 * i)] as const,
      );
    } else throw new Error(`unknown option ${String(kind)}`);
    at += size;
  }
  return found;
}

/** A TCP segment as a frame has it, and between whom. */
interface Carried {
  readonly packet: Buffer;
  readonly source: Buffer;
  readonly destination: Buffer;
  readonly segment: Buffer;
}

/** The segment in a frame whose packet has no options or extension headers; undefined if it is another protocol's. */
function carried(frame: Buffer): Carried | undefined {
  const type = frame.readUInt16BE(12);
  if (type === ETHERTYPE.ipv4 && frame[23] === TCP) {
    const packet = frame.subarray(14, 14 + frame.readUInt16BE(16));
    const [source, destination] = [packet.subarray(12, 16), packet.subarray(16, 20)];
    return { packet, source, destination, segment: packet.subarray(20) };
  }
  if (type === ETHERTYPE.ipv6 && frame[20] === TCP) {
    const packet = frame.subarray(14, 54 + frame.readUInt16BE(18));
    const [source, destination] = [packet.subarray(8, 24), packet.subarray(24, 40)];
    return { packet, source, destination, segment: packet.subarray(40) };
  }
  return undefined;
}

function read(segment: Buffer): Segment {
  const header = (segment.readUInt8(12) >> 4) * 4;
  const bits = segment.readUInt8(13);
  return {
    from: segment.readUInt16BE(0),
    to: segment.readUInt16BE(2),
    seq: segment.readUInt32BE(4),
    ack: segment.readUInt32BE(8),
    flags: ['S', 'F', 'R', 'A'].filter((letter) => bits & (BITS[letter] ?? 0)).join(''),
    push: (bits & 8) !== 0,
    window: segment.readUInt16BE(14),
    data: segment.subarray(header),
    options: decodeOptions(segment.subarray(20, header)),
  };
}

/** The segment in a frame that a wire carries; undefined if it is another protocol's. Checksums may still be left to a card. */
export function glance(frame: Buffer): Segment | undefined {
  const found = carried(frame);
  return found && read(found.segment);
}

/** The segment in `frame`; undefined if it is another protocol's. Throws if a checksum or length is wrong. */
export function decode(frame: Buffer): Segment | undefined {
  const found = carried(frame);
  if (!found) return undefined;
  const { packet, source, destination, segment } = found;
  if (packet.length !== frame.length - 14) throw new Error('the frame is longer or shorter than its packet');
  if (source.length === 4 && checksum(packet.subarray(0, 20)) !== 0) throw new Error('wrong IPv4 checksum');
  if (transportChecksum(TCP, source, destination, segment) !== 0) {
    throw new Error(`wrong TCP checksum: ${segment.toString('hex')}`);
  }
  return read(segment);
}
