// IPv4 on an interface (RFC 791, RFC 1122).
import * as address from '../wire/address';
import { put16 } from '../wire/bytes';
import * as ethernet from '../wire/ethernet';
import * as ipv4 from '../wire/ipv4';
import { SECOND } from '../time/duration';
import * as drop from './drop';
import { gather } from './gather';
import * as icmp from './icmp';
import { sendVia } from './resolve';
import { DELIVERED, Stack } from './stack';

const hop: usize = memory.data(16);
const BROADCAST: usize = memory.data<u8>([255, 255, 255, 255, 255, 255]);
/** The station of a multicast group, whose last 23 bits are filled in (RFC 1112, 6.4). */
const groupMac: usize = memory.data<u8>([0x01, 0x00, 0x5e, 0, 0, 0]);

/** For so long the pieces of a packet may come; RFC 1122, 3.3.2 has a minute at least, on a network slower than any now. */
const PIECES_TIME: u64 = 30 * SECOND;

/** Takes the `size` bytes at `packet`. */
export function receive(stack: Stack, packet: usize, size: u32): void {
  if (size < ipv4.HEADER || !ipv4.isValid(packet, size)) return stack.drop(drop.IPV4_MALFORMED);
  const to = ipv4.destination(packet);
  const from = ipv4.source(packet);
  if (to != stack.address || stack.address == 0) {
    const many = isBroadcast(stack, to) || (to == stack.group && to != 0);
    // While there is no address, an answer of DHCP may come to the one that is offered (RFC 2131, 4.1).
    if (!many && (stack.address != 0 || ipv4.protocol(packet) != ipv4.UDP)) return stack.drop(drop.NOT_FOR_US);
    stack.toMany = stack.toMany || many;
  } else if (stack.toMany) return stack.drop(drop.LINK_BROADCAST);
  if (!mayAnswer(stack, from)) return stack.drop(drop.SENDER);
  const header = ipv4.headerSize(packet);
  address.setIpv4(stack.from, from);
  address.setIpv4(stack.to, to);
  if (ipv4.isFragment(packet)) return takePiece(stack, packet, header);
  stack.arrived = packet;
  stack.arrivedSize = ipv4.totalSize(packet);
  deliver(stack, ipv4.protocol(packet), packet + header, ipv4.totalSize(packet) - header);
}

/** Takes a piece of a packet, and the packet if it is the last one that was missing (RFC 791, 3.2). */
function takePiece(stack: Stack, packet: usize, header: u32): void {
  const protocol = ipv4.protocol(packet);
  const offset = ipv4.fragmentOffset(packet);
  const size = ipv4.totalSize(packet) - header;
  const id = ipv4.identification(packet);
  const whole = gather(stack, packet, header, 0, id, protocol, offset, ipv4.hasMore(packet), size, PIECES_TIME);
  if (whole == null) return;
  stack.arrived = whole.payload - whole.head;
  stack.arrivedSize = whole.head + whole.size;
  if (stack.arrivedSize > ipv4.SIZE_MAX) stack.drop(drop.FRAGMENT);
  else {
    ipv4.join(stack.arrived, stack.arrivedSize);
    deliver(stack, protocol, whole.payload, whole.size);
  }
  stack.fragments.release(whole);
}

/** Hands a whole payload on; addresses are in stack.from and stack.to. */
function deliver(stack: Stack, protocol: u32, payload: usize, size: u32): void {
  if (protocol == ipv4.TCP && stack.tcp != 0) {
    if (stack.toMany) return stack.drop(drop.LINK_BROADCAST);
    stack.outcome = DELIVERED;
    call_indirect<void>(stack.tcp, stack, payload, size);
  } else if (protocol == ipv4.UDP && stack.udp != 0) {
    stack.outcome = DELIVERED;
    call_indirect<void>(stack.udp, stack, payload, size);
  } else if (protocol == ipv4.ICMP) {
    icmp.receive(stack, payload, size);
  } else {
    stack.drop(drop.PROTOCOL);
    icmp.unreachable(stack, icmp.NO_PROTOCOL);
  }
}

/** Whether `to` is for all hosts of our network. */
function isBroadcast(stack: Stack, to: u32): bool {
  if (to == ipv4.BROADCAST) return true;
  return stack.address != 0 && ~stack.mask > 1 && ((to ^ stack.address) & stack.mask) == 0 && (to & ~stack.mask) == ~stack.mask;
}

/** Whether `from` can be a single host's address (RFC 1122, 3.2.1.3): not ours, no group, no broadcast. */
function mayAnswer(stack: Stack, from: u32): bool {
  const first = from >> 24;
  if (first == 0) return from == 0 && stack.toMany; // a host that has no address yet speaks to many (RFC 2131)
  if (first == 127 || first >= 224 || from == stack.address) return false;
  const host = from & ~stack.mask;
  return stack.address == 0 || ((from ^ stack.address) & stack.mask) != 0 || ~stack.mask <= 1 || (host != 0 && host != ~stack.mask);
}

/** The neighbour that takes packets to `to`; 0 if there is none. */
export function nextHop(stack: Stack, to: u32): u32 {
  if (stack.address != 0 && ((to ^ stack.address) & stack.mask) == 0) return to;
  return stack.gateway;
}

/** Whether there is a way to answer `to`. */
export function hasRoute(stack: Stack, to: u32): bool {
  return nextHop(stack, to) != 0 || to == ipv4.BROADCAST || to >> 28 == 14;
}

/** Sends the `size` bytes that stand behind a header's room at stack.packet. False if they were dropped. */
export function send(stack: Stack, from: u32, to: u32, protocol: u32, size: u32): bool {
  ipv4.write(stack.packet, size, protocol, stack.hops != 0 ? stack.hops : ipv4.HOPS, from, to);
  return sendPacket(stack, to, ipv4.HEADER + size);
}

/** Sends the whole packet of `size` bytes at stack.packet. */
export function sendPacket(stack: Stack, to: u32, size: u32): bool {
  if (size > stack.ipv4Mtu && stack.train == 0) {
    stack.drop(drop.TOO_BIG);
    return false;
  }
  if (isBroadcast(stack, to)) {
    stack.sendFrame(BROADCAST, ethernet.TYPE_IPV4, size);
    return true;
  }
  if (to >> 28 == 14) {
    store<u8>(groupMac, (to >> 16) & 0x7f, 3);
    put16(groupMac + 4, to & 0xffff);
    stack.sendFrame(groupMac, ethernet.TYPE_IPV4, size);
    return true;
  }
  const via = nextHop(stack, to);
  if (via == 0) {
    stack.drop(drop.NO_ROUTE);
    return false;
  }
  address.setIpv4(hop, via);
  return sendVia(stack, hop, ethernet.TYPE_IPV4, size);
}
