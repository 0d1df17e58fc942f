// What routers tell us (RFC 4861, 6.3.4 and 8.3; RFC 4191; RFC 8106). All lists are bounded; who floods them finds them full.
import * as address from '../wire/address';
import * as ethernet from '../wire/ethernet';
import * as ipv6 from '../wire/ipv6';
import * as ndp from '../wire/ndp';
import { MILLISECOND, NEVER, SECOND } from '../time/duration';
import * as drop from './drop';
import { addPrefix } from './ipv6-address';
import { nextHop } from './ipv6-route';
import { NAME_SERVERS, NameServer, OPERATORS, REDIRECTS, Redirect, ROUTERS, Router } from './ipv6-state';
import { learn } from './resolve';
import * as slaac from './slaac';
import { NOTED, Stack } from './stack';

/** Milliseconds a neighbour may count as reachable, and between two questions (RFC 4861, 6.2.1 allows an hour for the first). */
const REACHABLE_MAX: u32 = 3_600_000;
const RETRANSMIT_MIN: u32 = 100;
const RETRANSMIT_MAX: u32 = 10_000;
/** Nanoseconds for which a redirect holds. */
const REDIRECT_TIME: u64 = 600 * SECOND;

const station: usize = memory.data(8);

/** A router says what its link is like. */
export function advertised(stack: Stack, message: usize, size: u32): void {
  if (!address.isLinkLocal(stack.from)) return stack.drop(drop.NDP_MALFORMED);
  stack.outcome = NOTED;
  const state = stack.ipv6;
  if (!state.autoconfigured || !state.started) return;
  state.advertisements++;
  const seconds = ndp.routerLifetime(message);
  setRouter(stack, stack.from, seconds, ndp.preference(message));
  // A router has spoken, so nobody needs to be asked any more (RFC 7559, 2).
  if (seconds > 0) state.solicitAt = NEVER;
  setParameters(stack, message);
  const options = message + ndp.ROUTER_ADVERTISEMENT;
  const room = size - ndp.ROUTER_ADVERTISEMENT;
  let at: u32 = 0;
  while (at < room) {
    const option = options + at;
    const type = ndp.optionType(option);
    const length = ndp.optionSize(option);
    if (type == ndp.PREFIX && length == ndp.PREFIX_SIZE) setPrefix(stack, option);
    else if (type == ndp.MTU && length == ndp.MTU_SIZE) setMtu(stack, ndp.mtu(option));
    else if (type == ndp.DNS && length >= 24) setNameServers(stack, option);
    at += length;
  }
  meet(stack, stack.from, ndp.mac(options, room, ndp.SOURCE_MAC), true);
}

function setParameters(stack: Stack, message: usize): void {
  const state = stack.ipv6;
  state.managed = ndp.isManaged(message);
  const hops = ndp.hopLimit(message);
  if (hops != 0) state.hopLimit = hops;
  const retransmit = ndp.retransmitTime(message);
  if (retransmit != 0) {
    state.retransmitTime = <u64>min(max(retransmit, RETRANSMIT_MIN), RETRANSMIT_MAX) * MILLISECOND;
  }
  const reachable = ndp.reachableTime(message);
  if (reachable == 0 || reachable > REACHABLE_MAX) return;
  // Spread over 0.5 to 1.5 times, so that hosts do not ask all at once (RFC 4861, 6.3.2).
  if (reachable == state.reachable) return;
  state.reachable = reachable;
  stack.neighbours.reachableTime = (reachable / 2 + <u32>((<u64>stack.nextRandom() * reachable) >> 32)) * MILLISECOND;
}

function setMtu(stack: Stack, mtu: u32): void {
  if (mtu >= ipv6.MINIMUM_MTU && mtu <= stack.mtu) stack.ipv6.mtu = mtu;
}

/** Notes a default router, or that it is one for so many seconds only. One with a higher preference takes the place of another. */
function setRouter(stack: Stack, bytes: usize, seconds: u32, preference: i32): void {
  let place: Router | null = null;
  for (let i: u32 = 0; i < ROUTERS; i++) {
    const router = stack.ipv6.router(i);
    const free = router.until <= stack.now;
    if (!free && address.same(changetype<usize>(router), bytes)) {
      if (router.preference == OPERATORS) return;
      router.until = stack.now + <u64>seconds * SECOND;
      router.preference = preference;
      return;
    }
    if (place == null || (free && place.until > stack.now)) place = router;
    else if (!free && place.until > stack.now && router.preference < place.preference) place = router;
  }
  if (seconds == 0 || place == null) return;
  if (place.until > stack.now && place.preference >= preference) {
    stack.ipv6.refused++;
    return;
  }
  address.copy(changetype<usize>(place), bytes);
  place.until = stack.now + <u64>seconds * SECOND;
  place.preference = preference;
}

/** It is no router any more: takes it out of the list, and what it redirected too. */
export function forget(stack: Stack, bytes: usize): void {
  for (let i: u32 = 0; i < ROUTERS; i++) {
    const router = stack.ipv6.router(i);
    if (router.preference != OPERATORS && address.same(changetype<usize>(router), bytes)) router.until = 0;
  }
  for (let i: u32 = 0; i < REDIRECTS; i++) {
    const redirect = stack.ipv6.redirect(i);
    if (address.same(redirect.via, bytes)) redirect.until = 0;
  }
}

/** A prefix for the link, for addresses, or both (RFC 4861, 6.3.4; RFC 4862, 5.5.3). */
function setPrefix(stack: Stack, option: usize): void {
  const length = ndp.prefixLength(option);
  const prefix = ndp.prefix(option);
  if (length > 128 || address.isLinkLocal(prefix) || address.isMulticast(prefix)) return;
  if (ndp.isOnLink(option)) addPrefix(stack, prefix, length, after(stack, ndp.validLifetime(option)));
  if (ndp.isAutonomous(option)) slaac.advertised(stack, option);
}

/** The moment in so many seconds. */
function after(stack: Stack, seconds: u32): u64 {
  return seconds == ndp.INFINITE ? NEVER - 1 : stack.now + <u64>seconds * SECOND;
}

function setNameServers(stack: Stack, option: usize): void {
  const until = after(stack, ndp.dnsLifetime(option));
  const count = ndp.dnsServers(option);
  for (let i: u32 = 0; i < count; i++) setNameServer(stack, ndp.dnsServer(option, i), until);
}

function setNameServer(stack: Stack, bytes: usize, until: u64): void {
  let free: NameServer | null = null;
  for (let i: u32 = 0; i < NAME_SERVERS; i++) {
    const server = stack.ipv6.nameServer(i);
    if (address.same(changetype<usize>(server), bytes)) {
      server.until = until;
      return;
    }
    if (free == null && server.until <= stack.now) free = server;
  }
  if (until <= stack.now) return;
  if (free == null) {
    stack.ipv6.refused++;
    return;
  }
  address.copy(changetype<usize>(free), bytes);
  free.until = until;
}

/** Notes the station of a neighbour that spoke of itself or was spoken of, if it came with the message. */
function meet(stack: Stack, bytes: usize, mac: usize, isRouter: bool): void {
  if (mac == 0 || ethernet.isGroup(mac)) return;
  ethernet.copyMac(station, mac);
  const entry = stack.neighbours.claim(bytes, false, stack.now);
  if (entry == null) return;
  if (isRouter) entry.router = true;
  learn(stack, entry, station, false);
}

/** The router that takes our packets for a destination knows a better way (RFC 4861, 8.1 and 8.3). */
export function redirected(stack: Stack, message: usize, size: u32): void {
  const to = ndp.redirected(message);
  const via = ndp.target(message);
  const onLink = address.same(to, via);
  const wrong =
    !address.isLinkLocal(stack.from) || address.isMulticast(to) || !(onLink || address.isLinkLocal(via));
  if (wrong) return stack.drop(drop.NDP_MALFORMED);
  const hop = nextHop(stack, to);
  if (hop == 0 || !address.same(hop, stack.from)) return stack.drop(drop.NDP_MALFORMED);
  stack.outcome = NOTED;
  let place: Redirect | null = null;
  for (let i: u32 = 0; i < REDIRECTS; i++) {
    const redirect = stack.ipv6.redirect(i);
    if (address.same(changetype<usize>(redirect), to)) {
      place = redirect;
      break;
    }
    if (place == null || redirect.until < place.until) place = redirect;
  }
  if (place == null) return;
  address.copy(changetype<usize>(place), to);
  address.copy(place.via, via);
  place.until = stack.now + REDIRECT_TIME;
  meet(stack, place.via, ndp.mac(message + ndp.REDIRECT, size - ndp.REDIRECT, ndp.TARGET_MAC), !onLink);
}
