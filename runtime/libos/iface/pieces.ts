// Packets sent in pieces (RFC 791, 3.2; RFC 8200, 4.5): what is larger than its path, and cannot be split by its protocol. And the end
// of those that came in pieces, of which some never came.
import * as address from '../wire/address';
import * as ipv4wire from '../wire/ipv4';
import * as ipv6wire from '../wire/ipv6';
import { sipHashWord } from '../random/siphash';
import * as drop from './drop';
import { Reassembly } from './fragments';
import * as icmp from './icmp';
import { piecesMissing } from './icmpv6-errors';
import * as ipv4 from './ipv4';
import { isOurs } from './ip';
import { datagramMtu, sendPacket } from './ipv6-output';
import { Stack } from './stack';

/** In the field of an IPv4 header: more pieces follow. */
const MORE: u32 = 0x2000;

/**
 * Sends the `size` bytes at `payload`, which is not in the room for a packet, in as many pieces as it takes. To a neighbour whose station
 * has to be asked for first, the last piece alone waits: whoever needs an answer sends again.
 * @returns false if they were dropped
 */
export function sendPieces(stack: Stack, from: usize, to: usize, protocol: u32, payload: usize, size: u32): bool {
  // An identification nobody can foresee (RFC 7739).
  const id = <u32>sipHashWord(stack.secret0, stack.secret1, ~stack.fragments.sent++);
  const four = address.isIpv4(to);
  const header = four ? ipv4wire.HEADER : ipv6wire.HEADER + ipv6wire.FRAGMENT_HEADER;
  if (size > ipv6wire.PAYLOAD_MAX - (four ? header : 0)) {
    stack.drop(drop.TOO_BIG);
    return false;
  }
  const mtu = four ? stack.pathMtus.get(to, stack.ipv4Mtu, stack.now) : datagramMtu(stack, to);
  const most = (mtu - header) & ~7;
  let at: u32 = 0;
  while (at < size) {
    const piece = min(most, size - at);
    const more = at + piece < size;
    memory.copy(stack.packet + header, payload + at, piece);
    const sent = four
      ? sendPiece4(stack, from, to, protocol, id, at, more, piece)
      : sendPiece6(stack, from, to, protocol, id, at, more, piece);
    if (!sent) return false;
    at += piece;
  }
  return true;
}

function sendPiece4(
  stack: Stack,
  from: usize,
  to: usize,
  protocol: u32,
  id: u32,
  at: u32,
  more: bool,
  size: u32,
): bool {
  const place = (at >> 3) | (more ? MORE : 0);
  const from4 = address.ipv4(from);
  ipv4wire.writePiece(stack.packet, size, protocol, ipv4wire.HOPS, from4, address.ipv4(to), id & 0xffff, place);
  return ipv4.sendPacket(stack, address.ipv4(to), ipv4wire.HEADER + size);
}

function sendPiece6(
  stack: Stack,
  from: usize,
  to: usize,
  protocol: u32,
  id: u32,
  at: u32,
  more: bool,
  size: u32,
): bool {
  const payload = ipv6wire.FRAGMENT_HEADER + size;
  ipv6wire.write(stack.packet, payload, ipv6wire.FRAGMENT, stack.ipv6.hopLimit, from, to);
  ipv6wire.writeFragment(stack.packet + ipv6wire.HEADER, protocol, at, more, id);
  return sendPacket(stack, ipv6wire.HEADER + payload);
}

/** Gives up every packet whose pieces did not come in time; its sender is told if the first one came (RFC 1122, 3.3.2; RFC 8200, 4.5). */
export function tick(stack: Stack): void {
  while (true) {
    const packet = stack.fragments.nextLate(stack.now);
    if (packet == null) return;
    if (packet.isOpen) stack.drop(drop.FRAGMENT_LATE);
    if (packet.isOpen && packet.head != 0) report(stack, packet);
    stack.fragments.release(packet);
  }
}

function report(stack: Stack, packet: Reassembly): void {
  address.copy(stack.from, packet.from);
  address.copy(stack.to, packet.to);
  stack.toMany = !isOurs(stack, stack.to);
  stack.arrived = packet.payload - packet.head;
  stack.arrivedSize = packet.head + packet.first;
  if (address.isIpv4(stack.from)) icmp.piecesMissing(stack);
  else piecesMissing(stack);
}
