// Initial sequence numbers (RFC 6528), SYN cookies (RFC 4987, 3.6) and the origin of timestamps (RFC 7323, 5.4): all of them keyed
// hashes of the four-tuple, so that nothing has to be remembered and nobody else can tell them.
import { Stack } from '../../iface/stack';
import * as address from '../../wire/address';
import { NO_SCALE } from '../../wire/tcp-options';
import { sipHash } from '../../random/siphash';
import { MILLISECOND } from '../../time/duration';

const words: usize = memory.data(48);
const WORDS: u32 = 6;

/** The segment sizes a cookie can remember; the largest that is not above the peer's is taken. */
const SIZES: StaticArray<u32> = [536, 1024, 1220, 1360, 1380, 1440, 1452, 1460];
/** A cookie's clock ticks every 69 s (2^36 ns); it is good for this and the last tick. */
const COOKIE_SHIFT: u64 = 36;
/** Nanoseconds after which no cookie is good any more. */
export const COOKIE_LIFE: u64 = 2 << COOKIE_SHIFT;
/** Bits of a timestamp that remember what a cookie has no room for. */
const STAMP_BITS: u32 = 31;
const NO_WINDOW_SCALE: u32 = 15;

function hash(stack: Stack, local: usize, localPort: u32, remote: usize, remotePort: u32, extra: u64): u64 {
  address.copy(words, local);
  address.copy(words + 16, remote);
  store<u64>(words, (<u64>localPort << 16) | remotePort, 32);
  store<u64>(words, extra, 40);
  return sipHash(stack.secret0, stack.secret1, words, WORDS);
}

/** Where a connection's sequence numbers begin: a clock of 4 microseconds plus the hash. */
export function initialSequence(
  stack: Stack,
  local: usize,
  localPort: u32,
  remote: usize,
  remotePort: u32,
): u32 {
  return <u32>(stack.now / 4000) + <u32>hash(stack, local, localPort, remote, remotePort, 0);
}

/** What is added to a connection's clock of milliseconds. */
export function timestampOffset(
  stack: Stack,
  local: usize,
  localPort: u32,
  remote: usize,
  remotePort: u32,
): u32 {
  return <u32>hash(stack, local, localPort, remote, remotePort, 1);
}

/** The timestamp of the moment `now`. */
@inline
export function timestampAt(now: u64, offset: u32): u32 {
  return <u32>(now / MILLISECOND) + offset;
}

function cookieHash(
  stack: Stack,
  local: usize,
  localPort: u32,
  remote: usize,
  remotePort: u32,
  irs: u32,
  top: u32,
): u32 {
  const extra = (<u64>irs << 32) | (<u64>top << 8) | 2;
  return <u32>hash(stack, local, localPort, remote, remotePort, extra) & 0xffffff;
}

/** A sequence number that remembers the peer's segment size and the time, and proves that it was ours. */
export function cookie(
  stack: Stack,
  local: usize,
  localPort: u32,
  remote: usize,
  remotePort: u32,
  irs: u32,
  mss: u32,
): u32 {
  let size: u32 = 7;
  while (size > 0 && unchecked(SIZES[size]) > mss) size--;
  const top = ((<u32>(stack.now >> COOKIE_SHIFT) & 31) << 3) | size;
  return (top << 24) | cookieHash(stack, local, localPort, remote, remotePort, irs, top);
}

/** The segment size that a cookie of ours remembers; 0 if it is none, or too old. */
export function checkCookie(
  stack: Stack,
  local: usize,
  localPort: u32,
  remote: usize,
  remotePort: u32,
  irs: u32,
  value: u32,
): u32 {
  const top = value >> 24;
  const age = (<u32>(stack.now >> COOKIE_SHIFT) - (top >> 3)) & 31;
  if (age > 1) return 0;
  if (cookieHash(stack, local, localPort, remote, remotePort, irs, top) != (value & 0xffffff)) return 0;
  return unchecked(SIZES[top & 7]);
}

/** The timestamp of a cookie's segment: its last bits remember window scale and SACK. */
export function cookieTimestamp(now: u64, offset: u32, scale: u32, sack: bool): u32 {
  const kept = (scale == NO_SCALE ? NO_WINDOW_SCALE : scale) | (sack ? 16 : 0);
  const present = timestampAt(now, offset);
  const stamp = (present & ~STAMP_BITS) | kept;
  return stamp > present ? stamp - STAMP_BITS - 1 : stamp; // never ahead of those that follow
}

/** The window scale that a cookie's timestamp remembers. */
export function cookieScale(echo: u32): u32 {
  const scale = echo & 15;
  return scale == NO_WINDOW_SCALE ? NO_SCALE : scale;
}

export function cookieSack(echo: u32): bool {
  return (echo & 16) != 0;
}
