// Frames by their fields, for what no kernel would send: Ethernet, IPv4 or IPv6, TCP, with their checksums.

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
export const TCP = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

/** An Ethernet frame. MAC addresses are 6 bytes. */
export function ethernet(to: Uint8Array, from: Uint8Array, type: number, payload: Uint8Array): Buffer {
  return Buffer.concat([to, from, Uint8Array.of(type >> 8, type & 255), payload]);
}

/** A MAC address from its text. */
export function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

/** An IPv4 address from its text. */
export function ipv4Address(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

/** The Internet checksum (RFC 1071) of `parts` one after another, each but the last of even length. */
export function checksum(...parts: readonly Buffer[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at + 1 < part.length; at += 2) sum += part.readUInt16BE(at);
    if (part.length % 2 === 1) sum += (part.at(-1) ?? 0) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** An IPv4 packet (RFC 791) without options. Addresses are 4 bytes. */
export function ipv4(from: Buffer, to: Buffer, protocol: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(20 + payload.length, 2);
  header.writeUInt16BE(0x4000, 6);
  header.writeUInt8(64, 8);
  header.writeUInt8(protocol, 9);
  from.copy(header, 12);
  to.copy(header, 16);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, payload]);
}

export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly sequence: number;
  readonly acknowledged?: number;
  readonly flags: number;
  readonly payload?: Buffer;
}

/** A TCP segment (RFC 9293, section 3.1) in an IPv4 packet; a SYN says an MSS of 1460. */
export function tcp(source: Buffer, destination: Buffer, segment: Segment): Buffer {
  const { from, to, sequence, acknowledged = 0, flags, payload = Buffer.alloc(0) } = segment;
  const options = flags & TCP.syn ? Buffer.from('020405b4', 'hex') : Buffer.alloc(0);
  const header = Buffer.alloc(20);
  header.writeUInt16BE(from, 0);
  header.writeUInt16BE(to, 2);
  header.writeUInt32BE(sequence >>> 0, 4);
  header.writeUInt32BE(acknowledged >>> 0, 8);
  header.writeUInt8((5 + options.length / 4) << 4, 12);
  header.writeUInt8(flags, 13);
  header.writeUInt16BE(65535, 14);
  const whole = Buffer.concat([header, options, payload]);
  const pseudo = Buffer.concat([source, destination, Uint8Array.of(0, 6, whole.length >> 8, whole.length)]);
  whole.writeUInt16BE(checksum(pseudo, whole), 16);
  return ipv4(source, destination, 6, whole);
}

/** A TCP segment received, as much as tests look at: `options` holds the values by kind. */
export interface Received extends Segment {
  readonly destination: string;
  readonly options: ReadonlyMap<number, Buffer>;
}

/** The TCP segment of an IPv4 frame; undefined when it is something else. */
export function segmentOf(frame: Buffer): Received | undefined {
  if (frame.length < 54 || frame.readUInt16BE(12) !== ETHERTYPE.ipv4 || frame[23] !== 6) return undefined;
  const packet = frame.subarray(14, 14 + frame.readUInt16BE(16));
  const segment = packet.subarray((packet.readUInt8(0) & 15) * 4);
  if (segment.length < 20) return undefined;
  const header = (segment.readUInt8(12) >> 4) * 4;
  const options = new Map<number, Buffer>();
  for (let at = 20; at + 1 < header && segment[at] !== 0;) {
    const size = segment[at] === 1 ? 1 : Math.max(2, segment.readUInt8(at + 1));
    if (size > 1) options.set(segment.readUInt8(at), segment.subarray(at + 2, at + size));
    at += size;
  }
  return {
    destination: packet.subarray(16, 20).join('.'),
    from: segment.readUInt16BE(0),
    to: segment.readUInt16BE(2),
    sequence: segment.readUInt32BE(4),
    acknowledged: segment.readUInt32BE(8),
    flags: segment.readUInt8(13),
    payload: segment.subarray(header),
    options,
  };
}
