// An address of either family: 16 bytes in network order, IPv4 as an IPv4-mapped one, ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that
// nothing above the network layer has to know which it is.
import { get32, put32 } from './bytes';

/** Bytes of an address. */
export const SIZE: u32 = 16;

/** ::ffff, the third word of a mapped address, as it lies in memory. */
const MAPPED: u32 = 0xffff0000;

@inline
export function same(a: usize, b: usize): bool {
  return ((load<u64>(a) ^ load<u64>(b)) | (load<u64>(a, 8) ^ load<u64>(b, 8))) == 0;
}

@inline
export function copy(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
}

@inline
export function isIpv4(address: usize): bool {
  return load<u64>(address) == 0 && load<u32>(address, 8) == MAPPED;
}

/** The IPv4 address in host order. */
@inline
export function ipv4(address: usize): u32 {
  return get32(address + 12);
}

/** Writes the IPv4 address `value`, in host order. */
@inline
export function setIpv4(address: usize, value: u32): void {
  store<u64>(address, 0);
  store<u32>(address, MAPPED, 8);
  put32(address + 12, value);
}

/** :: or 0.0.0.0. */
export function isUnspecified(address: usize): bool {
  return load<u64>(address) == 0 && (load<u64>(address, 8) == 0 || load<u64>(address, 8) == MAPPED);
}

/** Whether it is one of many hosts (RFC 4291, 2.7; RFC 1112, 4). */
export function isMulticast(address: usize): bool {
  if (isIpv4(address)) return load<u8>(address, 12) >> 4 == 14;
  return load<u8>(address) == 0xff;
}

/** fe80::/10 (RFC 4291, 2.5.6). */
@inline
export function isLinkLocal(address: usize): bool {
  return load<u8>(address) == 0xfe && (load<u8>(address, 1) & 0xc0) == 0x80;
}

/** 64 bits that depend on every bit of the address and on `seed`; who does not know the seed cannot aim for collisions easily. */
@inline
export function hash(address: usize, seed: u64): u64 {
  let h = (load<u64>(address) ^ seed) * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 29) ^ load<u64>(address, 8)) * 0xbf58476d1ce4e5b9;
  return h ^ (h >> 32);
}
