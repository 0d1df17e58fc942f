// Either version of IP, for who does not care which: addresses are 16 bytes.
import * as address from '../wire/address';
import * as wire4 from '../wire/ipv4';
import * as icmp from './icmp';
import * as icmpv6 from './icmpv6';
import * as ipv4 from './ipv4';
import * as ipv6 from './ipv6';
import { Stack } from './stack';

const IPV6_HEADER: u32 = 40;
const source: usize = memory.data(16);

/** Bytes of the header of a packet to `to`. */
@inline
export function headerSize(to: usize): u32 {
  return address.isIpv4(to) ? wire4.HEADER : IPV6_HEADER;
}

/** Where the payload of a packet to `to` is built. */
@inline
export function payload(stack: Stack, to: usize): usize {
  return stack.packet + headerSize(to);
}

/** Bytes a packet to `to` may have. */
@inline
export function pathMtu(stack: Stack, to: usize): u32 {
  return address.isIpv4(to) ? stack.pathMtus.get(to, stack.ipv4Mtu, stack.now) : ipv6.pathMtu(stack, to);
}

/** Bytes a packet to `to` may have that is no segment of TCP. */
export function datagramMtu(stack: Stack, to: usize): u32 {
  return address.isIpv4(to) ? pathMtu(stack, to) : ipv6.datagramMtu(stack, to);
}

/** Whether there is a way to `to` now, and an address of ours that can be answered from there. */
export function isReachable(stack: Stack, to: usize): bool {
  if (!sourceFor(stack, to, source)) return false;
  if (address.isIpv4(to)) return ipv4.hasRoute(stack, address.ipv4(to));
  return ipv6.nextHop(stack, to) != 0 && address.isLinkLocal(source) == address.isLinkLocal(to);
}

/** Whether the station that packets to `to` go to, itself or a router, has been heard of. */
export function isKnown(stack: Stack, to: usize): bool {
  let hop = source;
  if (address.isIpv4(to)) address.setIpv4(hop, ipv4.nextHop(stack, address.ipv4(to)));
  else hop = ipv6.nextHop(stack, to);
  const entry = hop != 0 ? stack.neighbours.find(hop) : null;
  return entry != null && entry.known;
}

/** Bytes a packet to or from `peer` may have on our link. */
@inline
export function linkMtu(stack: Stack, peer: usize): u32 {
  return address.isIpv4(peer) ? stack.ipv4Mtu : stack.mtu;
}

/** Sends the `size` bytes at payload(). False if they were dropped. */
export function send(stack: Stack, from: usize, to: usize, protocol: u32, size: u32): bool {
  if (address.isIpv4(to)) return ipv4.send(stack, address.ipv4(from), address.ipv4(to), protocol, size);
  return ipv6.send(stack, from, to, protocol, size);
}

/** Writes the address to send from to `to` to `chosen`; false if there is none. */
export function sourceFor(stack: Stack, to: usize, chosen: usize): bool {
  if (!address.isIpv4(to)) return ipv6.sourceFor(stack, to, chosen);
  address.setIpv4(chosen, stack.address);
  return stack.address != 0;
}

/** Whether `to` is one of our addresses. */
export function isOurs(stack: Stack, to: usize): bool {
  if (address.isIpv4(to)) return stack.address != 0 && address.ipv4(to) == stack.address;
  return ipv6.isOurs(stack, to);
}

/** Tells the sender of the packet that arrived that nobody listens at its port. */
export function refusePort(stack: Stack): void {
  if (address.isIpv4(stack.from)) icmp.unreachable(stack, icmp.NO_PORT);
  else icmpv6.unreachable(stack, icmpv6.NO_PORT);
}

/** The peer at `to` is alive, as its transport saw (RFC 4861, 7.3.1). */
export function confirm(stack: Stack, to: usize): void {
  const entry = stack.neighbours.find(to);
  if (entry != null && entry.known) stack.neighbours.confirm(entry, stack.now);
}
