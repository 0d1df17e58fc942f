// Frames as a peer would send them, built apart from the code under test.

export const US = { mac: '020000000002', ip: '10.0.0.2' };
export const PEER = { mac: '020000000001', ip: '10.0.0.1' };

/** RFC 1071, word by word: slow and plain. */
export function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return ~sum & 0xffff;
}

export function ip(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

export function ethernet(
  type: number,
  payload: Buffer,
  to: string = US.mac,
  from: string = PEER.mac,
): Buffer {
  const header = Buffer.from(`${to}${from}0000`, 'hex');
  header.writeUInt16BE(type, 12);
  return Buffer.concat([header, payload]);
}

export function arp(operation: number, target: string = US.ip, sender = PEER): Buffer {
  const packet = Buffer.from(`0001080006040000${sender.mac}00000000000000000000${'00'.repeat(4)}`, 'hex');
  packet.writeUInt16BE(operation, 6);
  ip(sender.ip).copy(packet, 14);
  ip(target).copy(packet, 24);
  return packet;
}

export interface Ipv4Fields {
  readonly from?: string;
  readonly to?: string;
  readonly fragment?: number;
  readonly options?: Buffer;
  readonly total?: number;
}

export function ipv4(protocol: number, payload: Buffer, fields: Ipv4Fields = {}): Buffer {
  const { from = PEER.ip, to = US.ip, fragment = 0, options = Buffer.alloc(0) } = fields;
  const header = Buffer.alloc(20 + options.length);
  header[0] = 0x40 | (header.length / 4);
  header.writeUInt16BE(fields.total ?? header.length + payload.length, 2);
  header.writeUInt16BE(fragment, 6);
  header[8] = 64;
  header[9] = protocol;
  ip(from).copy(header, 12);
  ip(to).copy(header, 16);
  options.copy(header, 20);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, payload]);
}

export function echo(data: Buffer, type = 8, code = 0): Buffer {
  const message = Buffer.concat([Buffer.from([type, code, 0, 0, 0x12, 0x34, 0, 7]), data]);
  message.writeUInt16BE(checksum(message), 2);
  return message;
}

export function udp(
  data: Buffer,
  fields: { from?: string; sourcePort?: number; port?: number; length?: number } = {},
): Buffer {
  const { from = PEER.ip, sourcePort = 40000, port = 7 } = fields;
  const segment = Buffer.concat([Buffer.alloc(8), data]);
  segment.writeUInt16BE(sourcePort, 0);
  segment.writeUInt16BE(port, 2);
  segment.writeUInt16BE(fields.length ?? segment.length, 4);
  const pseudo = Buffer.concat([
    ip(from),
    ip(US.ip),
    Buffer.from([0, 17, segment.length >> 8, segment.length & 255]),
  ]);
  segment.writeUInt16BE(checksum(Buffer.concat([pseudo, segment])) || 0xffff, 6);
  return segment;
}
