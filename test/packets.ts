// Packets by their fields, built apart from the code under test: Ethernet, IPv4, IPv6, and their checksums. Addresses are bytes.

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

/** The Internet checksum (RFC 1071) of `parts` one after another, each but the last of even length: word by word, slow and plain. */
export function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) {
      sum += ((part[i] ?? 0) << 8) | (part[i + 1] ?? 0);
      sum = (sum & 0xffff) + (sum >> 16);
    }
  }
  return ~sum & 0xffff;
}

/** The checksum of a transport's `body` with its pseudo-header (RFC 9293, 3.1; RFC 8200, 8.1). */
export function transportChecksum(protocol: number, from: Buffer, to: Buffer, body: Buffer): number {
  const pseudo = Buffer.alloc(8);
  pseudo.writeUInt32BE(body.length, 0);
  pseudo[7] = protocol;
  return checksum(from, to, pseudo, body);
}

/** A MAC address from its text, with or without colons. */
export function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

/** An address from its text: IPv4, or IPv6 (RFC 4291, 2.2) without IPv4 in it. */
export function ip(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [head = '', tail] = text.split('::');
  const words = (part: string): number[] => (part === '' ? [] : part.split(':').map((w) => parseInt(w, 16)));
  const before = words(head);
  const after = words(tail ?? '');
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
}

export function ethernet(to: Buffer, from: Buffer, type: number, payload: Buffer): Buffer {
  return Buffer.concat([to, from, Uint8Array.of(type >> 8, type & 255), payload]);
}

export interface Ipv4Fields {
  /** Flags and offset of a fragment, as they stand there. */
  readonly fragment?: number;
  readonly options?: Buffer;
  /** What the length field says, if it is not the packet's. */
  readonly total?: number;
}

/** RFC 791. */
export function ipv4(
  from: Buffer,
  to: Buffer,
  protocol: number,
  payload: Buffer,
  fields: Ipv4Fields = {},
): Buffer {
  const { fragment = 0, options = Buffer.alloc(0) } = fields;
  const header = Buffer.alloc(20 + options.length);
  header[0] = 0x40 | (header.length / 4);
  header.writeUInt16BE(fields.total ?? header.length + payload.length, 2);
  header.writeUInt16BE(fragment, 6);
  header[8] = 64;
  header[9] = protocol;
  from.copy(header, 12);
  to.copy(header, 16);
  options.copy(header, 20);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, payload]);
}

export interface Ipv6Fields {
  readonly hops?: number;
  /** What the length field says, if it is not the payload's. */
  readonly length?: number;
}

/** RFC 8200. */
export function ipv6(
  from: Buffer,
  to: Buffer,
  next: number,
  payload: Buffer,
  fields: Ipv6Fields = {},
): Buffer {
  const header = Buffer.alloc(8);
  header[0] = 0x60;
  header.writeUInt16BE(fields.length ?? payload.length, 4);
  header[6] = next;
  header[7] = fields.hops ?? 64;
  return Buffer.concat([header, from, to, payload]);
}

/** A packet of the version the addresses are of, in a frame. */
export function packet(
  stations: { readonly to: string; readonly from: string },
  from: Buffer,
  to: Buffer,
  protocol: number,
  payload: Buffer,
): Buffer {
  const [type, build] = from.length === 4 ? [ETHERTYPE.ipv4, ipv4] : [ETHERTYPE.ipv6, ipv6];
  return ethernet(mac(stations.to), mac(stations.from), type, build(from, to, protocol, payload));
}
