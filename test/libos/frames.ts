// Frames as a peer would send them.
import * as packets from '../packets.ts';
import { checksum, ip, mac, transportChecksum } from '../packets.ts';

export const US = { mac: '020000000002', ip: '10.0.0.2' };
export const PEER = { mac: '020000000001', ip: '10.0.0.1' };

export function ethernet(
  type: number,
  payload: Buffer,
  to: string = US.mac,
  from: string = PEER.mac,
): Buffer {
  return packets.ethernet(mac(to), mac(from), type, payload);
}

export function arp(operation: number, target: string = US.ip, sender = PEER): Buffer {
  const packet = Buffer.from(`0001080006040000${sender.mac}00000000000000000000${'00'.repeat(4)}`, 'hex');
  packet.writeUInt16BE(operation, 6);
  ip(sender.ip).copy(packet, 14);
  ip(target).copy(packet, 24);
  return packet;
}

export interface Ipv4Fields extends packets.Ipv4Fields {
  readonly from?: string;
  readonly to?: string;
}

export function ipv4(protocol: number, payload: Buffer, fields: Ipv4Fields = {}): Buffer {
  const { from = PEER.ip, to = US.ip } = fields;
  return packets.ipv4(ip(from), ip(to), protocol, payload, fields);
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
  segment.writeUInt16BE(transportChecksum(17, ip(from), ip(US.ip), segment) || 0xffff, 6);
  return segment;
}
