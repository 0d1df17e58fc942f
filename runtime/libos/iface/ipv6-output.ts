// IPv6 packets on their way out.
import * as address from '../wire/address';
import * as ethernet from '../wire/ethernet';
import * as ipv6 from '../wire/ipv6';
import * as drop from './drop';
import { nextHop } from './ipv6-route';
import { sendVia } from './resolve';
import { Stack } from './stack';

/** The station of a multicast group, whose last 32 bits are filled in (RFC 2464, 7). */
const groupMac: usize = memory.data<u8>([0x33, 0x33, 0, 0, 0, 0]);

const HOPS_MAX: u32 = 255;

/** Bytes the link takes in one packet: what a router said, or what the device can. */
@inline
export function linkMtu(stack: Stack): u32 {
  return stack.ipv6.mtu != 0 ? stack.ipv6.mtu : stack.mtu;
}

/** Bytes a packet to `to` may have. */
export function pathMtu(stack: Stack, to: usize): u32 {
  return stack.pathMtus.get(to, linkMtu(stack), stack.now);
}

/** Bytes a packet to `to` may have that is no segment of TCP. */
export function datagramMtu(stack: Stack, to: usize): u32 {
  return stack.unproven.get(to, pathMtu(stack, to), stack.now);
}

/**
 * Sends the `size` bytes that stand behind a header's room at stack.packet, from one of our addresses.
 * @returns false if there is no route, or nothing larger than the path's MTU can be sent
 */
export function send(stack: Stack, from: usize, to: usize, protocol: u32, size: u32): bool {
  // To groups as far as they reach, which multicast DNS asks for (RFC 6762, 11).
  const usual = address.isMulticast(to) ? HOPS_MAX : stack.ipv6.hopLimit;
  const hops = stack.hops != 0 ? stack.hops : usual;
  ipv6.write(stack.packet, size, protocol, hops, from, to);
  return sendPacket(stack, ipv6.HEADER + size);
}

/** Sends the whole packet of `size` bytes at stack.packet. */
export function sendPacket(stack: Stack, size: u32): bool {
  const to = ipv6.destination(stack.packet);
  if (stack.ipv6.disabled) return refuse(stack, drop.NO_ROUTE);
  if (stack.train == 0 && size > pathMtu(stack, to)) return refuse(stack, drop.TOO_BIG);
  if (address.isMulticast(to)) {
    sendToGroup(stack, size);
    return true;
  }
  const hop = nextHop(stack, to);
  if (hop == 0) return refuse(stack, drop.NO_ROUTE);
  return sendVia(stack, hop, ethernet.TYPE_IPV6, size);
}

/** Sends the whole packet of `size` bytes at stack.packet to the stations of its group. */
export function sendToGroup(stack: Stack, size: u32): void {
  store<u32>(groupMac, load<u32>(ipv6.destination(stack.packet), 12), 2);
  stack.sendFrame(groupMac, ethernet.TYPE_IPV6, size);
}

function refuse(stack: Stack, reason: u32): bool {
  stack.drop(reason);
  return false;
}
