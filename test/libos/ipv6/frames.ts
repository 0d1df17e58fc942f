// IPv6 frames as a peer would send them.
import * as packets from '../../packets.ts';
import { ETHERTYPE, ip, transportChecksum } from '../../packets.ts';
import { ethernet, PEER, US } from '../frames.ts';

/** Our link-local address, as our MAC address makes it, and a fixed one; the same of a peer, and a router's. */
export const OURS = { local: 'fe80::ff:fe00:2', fixed: '2001:db8::2', group: 'ff02::1:ff00:2' };
export const THEIRS = { local: 'fe80::ff:fe00:1', fixed: '2001:db8::1', group: 'ff02::1:ff00:1' };
export const ROUTER = { mac: '0200000000fe', local: 'fe80::fe' };

/** The MAC address of a multicast group (RFC 2464, 7). */
export function groupMac(group: string): string {
  return `3333${ip(group).subarray(12).toString('hex')}`;
}

export interface Ipv6Fields extends packets.Ipv6Fields {
  readonly from?: string;
  readonly to?: string;
}

export function ipv6(next: number, payload: Buffer, fields: Ipv6Fields = {}): Buffer {
  const { from = THEIRS.fixed, to = OURS.fixed } = fields;
  return packets.ipv6(ip(from), ip(to), next, payload, fields);
}

/** The payload of a protocol with its checksum, which lies at `at`. */
export function sealed(protocol: number, body: Buffer, at: number, fields: Ipv6Fields = {}): Buffer {
  const { from = THEIRS.fixed, to = OURS.fixed } = fields;
  const sealed = Buffer.from(body);
  sealed.writeUInt16BE(0, at);
  sealed.writeUInt16BE(transportChecksum(protocol, ip(from), ip(to), sealed), at);
  return sealed;
}

/** A frame with an IPv6 packet: to our station, or to those of its group. */
export function frame(packet: Buffer, from: string = PEER.mac, to?: string): Buffer {
  const group = packet[24] === 0xff ? `3333${packet.subarray(36, 40).toString('hex')}` : US.mac;
  return ethernet(ETHERTYPE.ipv6, packet, to ?? group, from);
}

/** An ICMPv6 message: type, code, four bytes, the rest. */
export function icmp6(type: number, code: number, word: number, rest: Buffer, fields?: Ipv6Fields): Buffer {
  const head = Buffer.from([type, code, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(word >>> 0, 4);
  return sealed(58, Buffer.concat([head, rest]), 2, fields);
}

/** A whole frame with an ICMPv6 message. */
export function icmpFrame(
  type: number,
  word: number,
  rest: Buffer,
  fields: Ipv6Fields & { mac?: string; code?: number } = {},
): Buffer {
  return frame(ipv6(58, icmp6(type, fields.code ?? 0, word, rest, fields), fields), fields.mac);
}

export const echo6 = (data: Buffer, fields?: Ipv6Fields): Buffer => icmpFrame(128, 0x12340007, data, fields);

export function macOption(type: number, mac: string): Buffer {
  return Buffer.concat([Buffer.from([type, 1]), Buffer.from(mac, 'hex')]);
}

/** Fields of neighbour discovery: hop limit 255. */
const near = (fields: Ipv6Fields): Ipv6Fields => ({ hops: 255, ...fields });

/** "Who has `target`?", from a peer. */
export function solicitation(
  target: string,
  options = macOption(1, PEER.mac),
  fields: Ipv6Fields = {},
): Buffer {
  const group = `ff02::1:ff${ip(target).subarray(13, 14).toString('hex')}:${ip(target).subarray(14).toString('hex')}`;
  return icmpFrame(135, 0, Buffer.concat([ip(target), options]), near({ to: group, ...fields }));
}

/** "I am `target`"; flags: 0x80 router, 0x40 solicited, 0x20 override. */
export function advertisement(
  target: string,
  flags: number,
  options = macOption(2, PEER.mac),
  fields: Ipv6Fields = {},
): Buffer {
  const body = Buffer.concat([ip(target), options]);
  return icmpFrame(136, flags << 24, body, near({ from: target, to: OURS.local, ...fields }));
}

export interface Advertised extends Ipv6Fields {
  readonly lifetime?: number;
  readonly hopLimit?: number;
  /** The byte of flags: 0x80 managed; 0x08 high, 0x18 low preference. */
  readonly flags?: number;
  readonly reachable?: number;
  readonly retransmit?: number;
  readonly mac?: string;
}

export function routerAdvertisement(options: Buffer[], fields: Advertised = {}): Buffer {
  const { lifetime = 1800, hopLimit = 0, flags = 0, reachable = 0, retransmit = 0 } = fields;
  const times = Buffer.alloc(8);
  times.writeUInt32BE(reachable, 0);
  times.writeUInt32BE(retransmit, 4);
  return icmpFrame(
    134,
    (hopLimit << 24) | (flags << 16) | lifetime,
    Buffer.concat([times, ...options]),
    near({ from: ROUTER.local, to: 'ff02::1', mac: ROUTER.mac, ...fields }),
  );
}

export function prefixOption(
  prefix: string,
  fields: { length?: number; flags?: number; valid?: number; preferred?: number } = {},
): Buffer {
  const { length = 64, flags = 0xc0, valid = 86400, preferred = 14400 } = fields;
  const head = Buffer.from([3, 4, length, flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(valid, 4);
  head.writeUInt32BE(preferred, 8);
  return Buffer.concat([head, ip(prefix)]);
}

export function mtuOption(mtu: number): Buffer {
  const option = Buffer.from([5, 1, 0, 0, 0, 0, 0, 0]);
  option.writeUInt32BE(mtu, 4);
  return option;
}
