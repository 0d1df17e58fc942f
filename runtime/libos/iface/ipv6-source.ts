// Which of our addresses a packet is sent from (RFC 6724, 5): as many of its rules as one interface without mobility needs.
import * as address from '../wire/address';
import { ADDRESSES, Address, PREFERRED } from './ipv6-state';
import { Stack } from './stack';

const SCOPE_LINK: u32 = 2;
const SCOPE_SITE: u32 = 5;
const SCOPE_GLOBAL: u32 = 14;

/** Writes the address to send from to `to` to `chosen`; false if there is none. */
export function sourceFor(stack: Stack, to: usize, chosen: usize): bool {
  let best: Address | null = null;
  for (let i: u32 = 0; i < ADDRESSES; i++) {
    const candidate = stack.ipv6.address(i);
    if (candidate.usable && (best == null || isBetter(candidate, best, to))) best = candidate;
  }
  if (best == null || stack.ipv6.disabled) return false;
  address.copy(chosen, best.bytes);
  return true;
}

/** Whether `a` is better than `b` to send from to `to`. */
function isBetter(a: Address, b: Address, to: usize): bool {
  // Rule 1: the same address.
  if (address.same(a.bytes, to)) return true;
  if (address.same(b.bytes, to)) return false;
  // Rule 2: the scope that is just wide enough.
  const scopeA = scope(a.bytes);
  const scopeB = scope(b.bytes);
  if (scopeA != scopeB) return scopeA < scopeB ? scopeA >= scope(to) : scopeB < scope(to);
  // Rule 3: no deprecated one.
  if (a.state != b.state) return a.state == PREFERRED;
  // Rule 6: of the same kind.
  const kind = label(to);
  const sameA = label(a.bytes) == kind;
  if (sameA != (label(b.bytes) == kind)) return sameA;
  // Rule 8: the longest common prefix, within the address's own.
  return common(a, to) > common(b, to);
}

/** RFC 6724, 3.1; RFC 4291, 2.7. */
function scope(host: usize): u32 {
  if (address.isMulticast(host)) return load<u8>(host, 1) & 15;
  if (address.isLinkLocal(host)) return SCOPE_LINK;
  if (load<u8>(host) == 0xfe && load<u8>(host, 1) >= 0xc0) return SCOPE_SITE;
  return SCOPE_GLOBAL;
}

/** The labels of the default policy table (RFC 6724, 2.1) that an address on a wire can have. */
function label(host: usize): u32 {
  if ((load<u8>(host) & 0xfe) == 0xfc) return 13; // unique local addresses
  const first = load<u16>(host);
  if (first == 0x0220) return 2; // 6to4, 2002::/16
  if (first == 0x0120 && load<u16>(host, 2) == 0) return 5; // Teredo, 2001::/32
  return 1;
}

/** Bits the prefix of `own` has in common with `to`. */
function common(own: Address, to: usize): u32 {
  let bits: u32 = 0;
  const first = bswap<u64>(load<u64>(own.bytes) ^ load<u64>(to));
  if (first != 0) bits = <u32>clz(first);
  else bits = 64 + <u32>clz(bswap<u64>(load<u64>(own.bytes, 8) ^ load<u64>(to, 8)));
  return min(bits, own.prefix);
}
