// Neighbour discovery (RFC 4861, 7): who is at which station. What routers say is in ndp-router.ts.
import * as address from '../wire/address';
import * as ethernet from '../wire/ethernet';
import * as groups from '../wire/groups';
import * as icmpv6 from '../wire/icmpv6';
import * as ipv6 from '../wire/ipv6';
import * as ndp from '../wire/ndp';
import * as drop from './drop';
import { isTaken } from './ipv6-address';
import { TENTATIVE } from './ipv6-state';
import { advertise } from './ndp-output';
import * as router from './ndp-router';
import { INCOMPLETE, Neighbour, REACHABLE, STALE } from './neighbours';
import { learn } from './resolve';
import { ARP_ANSWERED, NOTED, Stack } from './stack';

export { solicit } from './ndp-output';

const to: usize = memory.data(16);
const station: usize = memory.data(8);

/** Whether the type is one of neighbour discovery's. */
export function isNdp(type: u32): bool {
  return type >= icmpv6.ROUTER_SOLICITATION && type <= icmpv6.REDIRECT;
}

/** Takes the `size` bytes at `message`, whose checksum is right. */
export function receive(stack: Stack, message: usize, size: u32): void {
  const type = icmpv6.type(message);
  if (type == icmpv6.ROUTER_SOLICITATION) return stack.drop(drop.ICMPV6_TYPE); // we are no router
  const header = headerSize(type);
  // Not from another link (RFC 4861, 6.1 and 7.1), nor hidden in pieces (RFC 6980).
  const genuine =
    ipv6.hopLimit(stack.arrived) == ndp.HOP_LIMIT && !stack.ipv6.inPieces && icmpv6.code(message) == 0;
  if (!genuine || size < header || !ndp.areOptions(message + header, size - header)) return malformed(stack);
  if (type == icmpv6.ROUTER_ADVERTISEMENT) return router.advertised(stack, message, size);
  if (type == icmpv6.REDIRECT) return router.redirected(stack, message, size);
  if (address.isMulticast(ndp.target(message))) return malformed(stack);
  if (type == icmpv6.NEIGHBOUR_SOLICITATION) solicited(stack, message, size);
  else advertised(stack, message, size);
}

function headerSize(type: u32): u32 {
  if (type == icmpv6.REDIRECT) return ndp.REDIRECT;
  return type == icmpv6.ROUTER_ADVERTISEMENT ? ndp.ROUTER_ADVERTISEMENT : ndp.SOLICITATION;
}

function malformed(stack: Stack): void {
  stack.drop(drop.NDP_MALFORMED);
}

/** Somebody asks for an address (RFC 4861, 7.2.3; RFC 4862, 5.4.3). */
function solicited(stack: Stack, message: usize, size: u32): void {
  const options = message + ndp.SOLICITATION;
  const room = size - ndp.SOLICITATION;
  const mac = ndp.mac(options, room, ndp.SOURCE_MAC);
  const target = ndp.target(message);
  const probing = address.isUnspecified(stack.from);
  if (probing && (mac != 0 || !groups.isSolicitedNode(stack.to, target))) return malformed(stack);
  if (mac != 0 && ethernet.isGroup(mac)) return malformed(stack);
  const own = stack.ipv6.find(target);
  if (own == null) return stack.drop(drop.NOT_FOR_US);
  if (own.state == TENTATIVE) {
    const nonce = ndp.option(options, room, ndp.NONCE);
    const looped = nonce != 0 && ndp.nonce(nonce) == stack.ipv6.nonce;
    if (probing && !looped) isTaken(stack, own);
    stack.outcome = NOTED;
    return;
  }
  if (!own.usable) return stack.drop(drop.NOT_FOR_US);
  if (probing) {
    advertise(stack, 0, ndp.OVERRIDE, own.bytes, groups.ALL_NODES);
    stack.outcome = ARP_ANSWERED;
    return;
  }
  address.copy(to, stack.from);
  ethernet.copyMac(station, mac != 0 ? mac : stack.ipv6.station);
  if (mac != 0) {
    const entry = stack.neighbours.claim(to, false, stack.now);
    if (entry != null) learn(stack, entry, station, false);
    else stack.drop(drop.NEIGHBOURS_FULL); // and answered all the same: the table need not remember whom
  }
  advertise(stack, station, ndp.SOLICITED | ndp.OVERRIDE, own.bytes, to);
  stack.outcome = ARP_ANSWERED;
}

/** Somebody says where an address is (RFC 4861, 7.2.5). */
function advertised(stack: Stack, message: usize, size: u32): void {
  const flags = ndp.flags(message);
  const answer = (flags & ndp.SOLICITED) != 0;
  const mac = ndp.mac(message + ndp.ADVERTISEMENT, size - ndp.ADVERTISEMENT, ndp.TARGET_MAC);
  if ((answer && address.isMulticast(stack.to)) || (mac != 0 && ethernet.isGroup(mac))) return malformed(stack);
  const target = ndp.target(message);
  const own = stack.ipv6.find(target);
  if (own != null) {
    // Somebody else has it, or takes it from us: then both go on (RFC 4862, 5.4.4), and it is counted.
    if (own.state == TENTATIVE) isTaken(stack, own);
    else stack.ipv6.duplicates++;
    stack.outcome = NOTED;
    return;
  }
  const entry = stack.neighbours.find(target);
  if (entry == null) return malformed(stack); // nobody asked
  stack.outcome = NOTED;
  if (entry.state == INCOMPLETE) {
    if (mac == 0) return malformed(stack);
    setRouter(stack, entry, flags);
    return learn(stack, entry, mac, answer);
  }
  const moved = mac != 0 && !ethernet.same(entry.macAddress, mac);
  if (moved && (flags & ndp.OVERRIDE) == 0) {
    if (entry.state == REACHABLE) entry.state = STALE;
    return;
  }
  setRouter(stack, entry, flags);
  if (mac != 0) learn(stack, entry, mac, answer);
  else if (answer) stack.neighbours.confirm(entry, stack.now);
}

/** Notes whether it is a router; one that is none any more is asked for nothing (RFC 4861, 7.2.5). */
function setRouter(stack: Stack, entry: Neighbour, flags: u32): void {
  const isRouter = (flags & ndp.ROUTER) != 0;
  if (entry.router && !isRouter) router.forget(stack, entry.address);
  entry.router = isRouter;
}
