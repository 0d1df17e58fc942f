// Our IPv6 addresses: how one becomes ours (RFC 4862, 5.4) and for how long (RFC 4862, 5.5.4).
import * as address from '../wire/address';
import * as groups from '../wire/groups';
import { NEVER } from '../time/duration';
import { hasPrefix } from './ipv6-route';
import * as state from './ipv6-state';
import { ADDRESSES, Address, PREFIXES, Prefix } from './ipv6-state';
import * as mld from './mld';
import { announce, probe } from './ndp-output';
import { Stack } from './stack';

/** Whether `to`, 16 bytes, is an address of ours that may be used. */
export function isOurs(stack: Stack, to: usize): bool {
  const own = stack.ipv6.find(to);
  return own != null && own.usable;
}

/** Whether packets to the group `to` are for us. */
export function isOurGroup(stack: Stack, to: usize): bool {
  if (address.same(to, groups.ALL_NODES)) return true;
  if (address.same(to, groups.MDNS)) return stack.ipv6.mdns;
  for (let i: u32 = 0; i < ADDRESSES; i++) {
    const own = stack.ipv6.address(i);
    if (own.state != state.FREE && groups.isSolicitedNode(to, own.bytes)) return true;
  }
  return false;
}

/**
 * Adds the address `bytes` with a prefix of `prefix` bits; nobody uses it before it is known that no other host does, which
 * begins after `delay`. The moments are those of the lifetimes' ends.
 * @returns null, and counts it, if there is no room
 */
export function add(
  stack: Stack,
  bytes: usize,
  prefix: u32,
  origin: u8,
  preferredUntil: u64,
  validUntil: u64,
  delay: u64,
): Address | null {
  let free: Address | null = null;
  let automatic: u32 = 0;
  for (let i: u32 = 0; i < ADDRESSES; i++) {
    const own = stack.ipv6.address(i);
    if (own.state == state.FREE) free = free == null ? own : free;
    else if (own.origin == state.AUTOMATIC) automatic++;
  }
  if (free == null || (origin == state.AUTOMATIC && automatic >= state.AUTOMATIC_ADDRESSES)) {
    stack.ipv6.refused++;
    return null;
  }
  address.copy(free.bytes, bytes);
  free.prefix = prefix;
  free.origin = origin;
  free.preferredUntil = preferredUntil;
  free.validUntil = validUntil;
  free.state = state.TENTATIVE;
  free.probes = 0;
  free.due = stack.now + delay;
  stack.ipv6.wake(free.due);
  mld.changed(stack);
  return free;
}

/** Another host has it. Of the link-local address, which our MAC address makes, that means that two MAC addresses are the same. */
export function isTaken(stack: Stack, own: Address): void {
  stack.ipv6.duplicates++;
  own.state = state.DUPLICATE;
  if (own.origin == state.LINK_LOCAL) stack.ipv6.disabled = true;
}

/** Adds a prefix whose hosts are on the link until `until`, or changes how long; counts it if there is no room. */
export function addPrefix(stack: Stack, bytes: usize, length: u32, until: u64): void {
  let place: Prefix | null = null;
  for (let i: u32 = 0; i < PREFIXES; i++) {
    const prefix = stack.ipv6.prefix(i);
    if (prefix.until > stack.now) {
      if (prefix.length != length || !hasPrefix(changetype<usize>(prefix), bytes, length)) continue;
      if (prefix.until != NEVER) prefix.until = until; // what the operator said holds
      return;
    }
    if (place == null) place = prefix;
  }
  if (until <= stack.now) return;
  if (place == null) {
    stack.ipv6.refused++;
    return;
  }
  address.copy(changetype<usize>(place), bytes);
  place.length = length;
  place.until = until;
}

/** Does what is due with the addresses; the next moment at which something is. */
export function tick(stack: Stack): u64 {
  let next = NEVER;
  for (let i: u32 = 0; i < ADDRESSES; i++) {
    const own = stack.ipv6.address(i);
    if (own.state == state.FREE) continue;
    if (own.validUntil <= stack.now) {
      own.state = state.FREE;
      stack.addressChanges++;
      mld.changed(stack);
      continue;
    }
    if (own.state == state.TENTATIVE && own.due <= stack.now) ask(stack, own);
    if (own.state == state.PREFERRED && own.preferredUntil <= stack.now) own.state = state.DEPRECATED;
    next = min(next, own.validUntil);
    if (own.state == state.TENTATIVE) next = min(next, own.due);
    else if (own.state == state.PREFERRED) next = min(next, own.preferredUntil);
  }
  return next;
}

/** Asks once more whether somebody has the address, or takes it. */
function ask(stack: Stack, own: Address): void {
  if (own.probes < stack.ipv6.probes) {
    own.probes++;
    own.due = stack.now + stack.ipv6.retransmitTime;
    probe(stack, own);
    return;
  }
  own.state = state.PREFERRED; // unless tick() finds that this is over
  stack.addressChanges++;
  announce(stack, own);
}
