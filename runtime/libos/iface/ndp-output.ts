// Neighbour discovery's messages on their way out (RFC 4861).
import * as address from '../wire/address';
import * as groups from '../wire/groups';
import * as icmpv6 from '../wire/icmpv6';
import * as ipv6 from '../wire/ipv6';
import * as ethernet from '../wire/ethernet';
import * as ndp from '../wire/ndp';
import { sendToGroup } from './ipv6-output';
import { sourceFor } from './ipv6-source';
import { Address } from './ipv6-state';
import { INCOMPLETE, Neighbour } from './neighbours';
import { Stack } from './stack';

const UNSPECIFIED: usize = memory.data(16);
const group: usize = memory.data(16);
const ours: usize = memory.data(16);

/** Asks for the station of `entry`: itself if it was known, else those who may have the address (RFC 4861, 7.2.2 and 7.3.3). */
export function solicit(stack: Stack, entry: Neighbour): void {
  if (!sourceFor(stack, entry.address, ours)) return;
  const message = stack.packet + ipv6.HEADER;
  ndp.writeTarget(message, 0, entry.address);
  const size = ndp.SOLICITATION + ndp.writeMac(message + ndp.SOLICITATION, ndp.SOURCE_MAC, stack.mac);
  if (entry.state == INCOMPLETE) {
    groups.solicitedNode(group, entry.address);
    sendGroup(stack, icmpv6.NEIGHBOUR_SOLICITATION, size, ours, group);
  } else send(stack, entry.macAddress, icmpv6.NEIGHBOUR_SOLICITATION, size, ours, entry.address);
}

/** Asks whether another host has the address `own` (RFC 4862, 5.4.2), with a nonce to know our own question again (RFC 7527). */
export function probe(stack: Stack, own: Address): void {
  const message = stack.packet + ipv6.HEADER;
  ndp.writeTarget(message, 0, own.bytes);
  const size = ndp.SOLICITATION + ndp.writeNonce(message + ndp.SOLICITATION, stack.ipv6.nonce);
  groups.solicitedNode(group, own.bytes);
  sendGroup(stack, icmpv6.NEIGHBOUR_SOLICITATION, size, UNSPECIFIED, group);
}

/** Tells all hosts our MAC address: who knew another one for `own`, of an image that ran before, forgets it (RFC 4861, 7.2.6). */
export function announce(stack: Stack, own: Address): void {
  advertise(stack, 0, ndp.OVERRIDE, own.bytes, groups.ALL_NODES);
}

/** Tells `to`, at the station `mac`, or at 0 all hosts of the group `to`, that `target` is ours. */
export function advertise(stack: Stack, mac: usize, flags: u32, target: usize, to: usize): void {
  const message = stack.packet + ipv6.HEADER;
  address.copy(ours, target);
  ndp.writeTarget(message, flags, ours);
  const size = ndp.ADVERTISEMENT + ndp.writeMac(message + ndp.ADVERTISEMENT, ndp.TARGET_MAC, stack.mac);
  if (mac == 0) sendGroup(stack, icmpv6.NEIGHBOUR_ADVERTISEMENT, size, ours, to);
  else send(stack, mac, icmpv6.NEIGHBOUR_ADVERTISEMENT, size, ours, to);
}

/** Asks the link's routers to speak (RFC 4861, 6.3.7), from our link-local address if we have it yet. */
export function solicitRouters(stack: Stack): void {
  const message = stack.packet + ipv6.HEADER;
  store<u32>(message, 0, 4);
  let size = ndp.ROUTER_SOLICITATION;
  if (sourceFor(stack, groups.ALL_ROUTERS, ours)) {
    size += ndp.writeMac(message + size, ndp.SOURCE_MAC, stack.mac);
    sendGroup(stack, icmpv6.ROUTER_SOLICITATION, size, ours, groups.ALL_ROUTERS);
  } else sendGroup(stack, icmpv6.ROUTER_SOLICITATION, size, UNSPECIFIED, groups.ALL_ROUTERS);
}

function sendGroup(stack: Stack, type: u32, size: u32, from: usize, to: usize): void {
  write(stack, type, size, from, to);
  sendToGroup(stack, ipv6.HEADER + size);
}

function send(stack: Stack, mac: usize, type: u32, size: u32, from: usize, to: usize): void {
  write(stack, type, size, from, to);
  stack.sendFrame(mac, ethernet.TYPE_IPV6, ipv6.HEADER + size);
}

/** Writes the header and type of a message whose `size` bytes stand at stack.packet otherwise. */
function write(stack: Stack, type: u32, size: u32, from: usize, to: usize): void {
  const message = stack.packet + ipv6.HEADER;
  store<u16>(message, <u16>type);
  ipv6.write(stack.packet, size, ipv6.ICMP, ndp.HOP_LIMIT, from, to);
  icmpv6.seal(message, size, from, to);
}
