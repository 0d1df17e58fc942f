// IPv6 (RFC 8200) on an interface.
import * as address from '../wire/address';
import * as ethernet from '../wire/ethernet';
import * as ipv6 from '../wire/ipv6';
import * as icmpv6wire from '../wire/icmpv6';
import { NEVER, SECOND } from '../time/duration';
import * as drop from './drop';
import { Reassembly } from './fragments';
import { gather } from './gather';
import * as icmpv6 from './icmpv6';
import { parameterProblem } from './icmpv6-errors';
import * as addresses from './ipv6-address';
import { CUT, typeOfUpper, unwrap, upper } from './ipv6-headers';
import { FIXED, Ipv6, NAME_SERVERS, OPERATORS, ROUTERS } from './ipv6-state';
import * as mld from './mld';
import { solicitRouters } from './ndp-output';
import * as slaac from './slaac';
import { DELIVERED, Stack } from './stack';

export { isOurs } from './ipv6-address';
export { sourceFor } from './ipv6-source';
export { datagramMtu, pathMtu, send } from './ipv6-output';
export { nextHop } from './ipv6-route';

/** Seconds between the first two questions for routers, and the most between later ones (RFC 7559, 2). */
const SOLICIT_FIRST: u64 = 4 * SECOND;
const SOLICIT_MAX: u64 = 3600 * SECOND;

/** For so long the pieces of a packet may come (RFC 8200, 4.5). */
const PIECES_TIME: u64 = 60 * SECOND;
/** Bytes of the shortest transport headers. */
const TCP_HEADER: u32 = 20;
const TRANSPORT_HEADER: u32 = 8;

/** Takes the `size` bytes at `packet`, the payload of `frame`. */
export function receive(stack: Stack, frame: usize, packet: usize, size: u32): void {
  if (!ipv6.isValid(packet, size)) return stack.drop(drop.IPV6_MALFORMED);
  stack.ipv6.station = ethernet.source(frame);
  stack.ipv6.inPieces = false;
  take(stack, packet, ipv6.HEADER + ipv6.payloadSize(packet));
}

/** Takes the whole packet of `size` bytes. */
function take(stack: Stack, packet: usize, size: u32): void {
  const state = stack.ipv6;
  if (!state.started) return stack.drop(drop.PROTOCOL);
  if (state.disabled) return stack.drop(drop.NOT_FOR_US);
  address.copy(stack.from, ipv6.source(packet));
  address.copy(stack.to, ipv6.destination(packet));
  if (!mayCome(stack.from)) return stack.drop(drop.SENDER);
  if (address.isMulticast(stack.to)) {
    if (!addresses.isOurGroup(stack, stack.to)) return stack.drop(drop.NOT_FOR_US);
    stack.toMany = true;
  } else if (!addresses.isOurs(stack, stack.to)) return stack.drop(drop.NOT_FOR_US);
  stack.arrived = packet;
  stack.arrivedSize = size;
  proceed(stack, ipv6.NEXT_FIELD, ipv6.HEADER);
}

/** Takes the packet that arrived from the header at `at` on, whose type stands at `field`. */
function proceed(stack: Stack, field: u32, at: u32): void {
  const begin = unwrap(stack, field, at);
  if (begin == 0) return;
  const type = <u32>load<u8>(stack.arrived + stack.ipv6.field);
  if (type == ipv6.FRAGMENT) takePiece(stack, begin);
  else deliver(stack, type, stack.arrived + begin, stack.arrivedSize - begin);
}

/** Whether `from` can be the sender of a packet on a wire: no group, not this host, not an address of IPv4 in disguise. */
function mayCome(from: usize): bool {
  if (address.isMulticast(from) || address.isIpv4(from)) return false;
  return load<u64>(from) != 0 || load<u64>(from, 8) != LOOPBACK;
}

/** The second half of ::1, as it lies in memory. */
const LOOPBACK: u64 = 0x0100_0000_0000_0000;

/** Hands the payload on; addresses are in stack.from and stack.to. */
function deliver(stack: Stack, type: u32, payload: usize, size: u32): void {
  if (type == ipv6.ICMP) return icmpv6.receive(stack, payload, size);
  if (type == ipv6.TCP && stack.tcp != 0) {
    if (stack.toMany) return stack.drop(drop.LINK_BROADCAST);
    if (!mayAnswer(stack)) return;
    stack.outcome = DELIVERED;
    call_indirect<void>(stack.tcp, stack, payload, size);
  } else if (type == ipv6.UDP && stack.udp != 0) {
    if (!mayAnswer(stack)) return;
    stack.outcome = DELIVERED;
    call_indirect<void>(stack.udp, stack, payload, size);
  } else {
    stack.drop(drop.PROTOCOL);
    if (type != ipv6.NOTHING) parameterProblem(stack, icmpv6wire.UNKNOWN_NEXT_HEADER, stack.ipv6.field, false);
  }
}

/** Whether the sender is another host that can be answered. */
function mayAnswer(stack: Stack): bool {
  if (!address.isUnspecified(stack.from) && !addresses.isOurs(stack, stack.from)) return true;
  stack.drop(drop.SENDER);
  return false;
}

/** Takes a piece of a packet, whose fragment header is at `at`, and the packet if it is the last one that was missing. */
function takePiece(stack: Stack, at: u32): void {
  const state = stack.ipv6;
  const packet = stack.arrived;
  const begin = at + ipv6.FRAGMENT_HEADER;
  // A packet that was put together is whole.
  if (begin > stack.arrivedSize || state.inPieces) return stack.drop(drop.IPV6_HEADER);
  state.inPieces = true;
  const offset = ipv6.fragmentOffset(packet + at);
  const more = ipv6.moreFragments(packet + at);
  if (offset == 0 && !more) return proceed(stack, at, begin); // one piece that is all, and nobody else's (RFC 6946)
  const size = stack.arrivedSize - begin;
  if (more && (size & 7) != 0) return refuse(stack, icmpv6wire.BAD_FIELD, ipv6.PAYLOAD_FIELD);
  if (offset + size > ipv6.PAYLOAD_MAX - at + ipv6.HEADER) return refuse(stack, icmpv6wire.BAD_FIELD, at + 2);
  if (offset == 0 && !holdsChain(packet, at, stack.arrivedSize)) return refuse(stack, icmpv6wire.INCOMPLETE_CHAIN, 0);
  const id = ipv6.fragmentId(packet + at);
  const whole = gather(stack, packet, begin, state.field, id, ipv6.FRAGMENT, offset, more, size, PIECES_TIME);
  if (whole == null) return;
  join(stack, whole);
  stack.fragments.release(whole);
}

/** Takes a packet of which every piece has come: as if it had come whole, without a fragment header. */
function join(stack: Stack, whole: Reassembly): void {
  const head = whole.head - ipv6.FRAGMENT_HEADER;
  const packet = whole.payload - head;
  const type = load<u8>(whole.payload - ipv6.FRAGMENT_HEADER);
  memory.copy(packet, whole.payload - whole.head, head);
  store<u8>(packet + whole.field, type);
  stack.arrived = packet;
  stack.arrivedSize = head + whole.size;
  if (stack.arrivedSize > ipv6.HEADER + ipv6.PAYLOAD_MAX) return stack.drop(drop.FRAGMENT);
  ipv6.setPayloadSize(packet, stack.arrivedSize - ipv6.HEADER);
  proceed(stack, whole.field, head);
}

/** Whether the first piece has every header, the transport's too, so that nobody on the way has to guess (RFC 7112). */
function holdsChain(packet: usize, at: u32, end: u32): bool {
  const begin = upper(packet, load<u8>(packet + at), at + ipv6.FRAGMENT_HEADER, end);
  return begin != CUT && begin + (typeOfUpper() == ipv6.TCP ? TCP_HEADER : TRANSPORT_HEADER) <= end;
}

function refuse(stack: Stack, code: u32, pointer: u32): void {
  stack.drop(drop.FRAGMENT);
  parameterProblem(stack, code, pointer, false);
}

/**
 * Begins: a link-local address, and the question for routers if they are wanted.
 * @returns false if the link is too narrow for IPv6, which needs 1280 bytes (RFC 8200, 5)
 */
export function start(stack: Stack): bool {
  const state = stack.ipv6;
  if (state.started) return true;
  if (stack.mtu < ipv6.MINIMUM_MTU) return false;
  state.started = true;
  state.nonce = (<u64>stack.nextRandom() << 16) | (stack.nextRandom() & 0xffff);
  slaac.start(stack);
  // After the link-local address is ours, for a router should answer to it.
  if (state.autoconfigured) state.solicitAt = stack.now + <u64>state.probes * state.retransmitTime;
  state.wake(stack.now);
  return true;
}

/** Forgets addresses, routers and what they said, as before start(). */
export function forget(stack: Stack): void {
  const state = new Ipv6();
  state.mdns = stack.ipv6.mdns;
  stack.ipv6.free();
  stack.ipv6 = state;
  stack.addressChanges++;
}

/** Adds the address `bytes` with a prefix of `prefix` bits, for ever. False if there is no room. */
export function addStatic(stack: Stack, bytes: usize, prefix: u32): bool {
  addresses.addPrefix(stack, bytes, prefix, NEVER);
  return addresses.add(stack, bytes, prefix, FIXED, NEVER, NEVER, 0) != null;
}

/** Sends what is for other networks by `bytes`, before any router that speaks up itself. */
export function setGateway(stack: Stack, bytes: usize): void {
  let router = stack.ipv6.router(0);
  for (let i: u32 = 1; i < ROUTERS && router.until > stack.now; i++) router = stack.ipv6.router(i);
  address.copy(changetype<usize>(router), bytes);
  router.until = NEVER;
  router.preference = OPERATORS;
}

/** The address of the `index`th name server routers told us of, 16 bytes; 0 if it is none, or its time is over. */
export function nameServer(stack: Stack, index: u32): usize {
  if (index >= NAME_SERVERS) return 0;
  const server = stack.ipv6.nameServer(index);
  return server.until > stack.now ? changetype<usize>(server) : 0;
}

/** Does what is due. */
export function tick(stack: Stack): void {
  const state = stack.ipv6;
  state.deadline = NEVER;
  if (!state.started || state.disabled) return;
  const address = addresses.tick(stack);
  const solicit = tickSolicit(stack);
  const report = mld.tick(stack);
  state.wake(min(min(address, solicit), report));
}

/** Asks for routers, ever less often, until one answers (RFC 7559). */
function tickSolicit(stack: Stack): u64 {
  const state = stack.ipv6;
  if (state.solicitAt > stack.now) return state.solicitAt;
  solicitRouters(stack);
  state.solicitations++;
  const twice = state.solicitInterval == 0 ? SOLICIT_FIRST : min(state.solicitInterval * 2, SOLICIT_MAX);
  state.solicitInterval = twice;
  // A tenth less or more, so that hosts that started together do not stay together.
  state.solicitAt = stack.now + twice - twice / 10 + (<u64>stack.nextRandom() % (twice / 5));
  return state.solicitAt;
}
