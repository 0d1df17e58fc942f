// Messages of neighbour discovery and their options (RFC 4861, 4; RFC 4191; RFC 8106; RFC 3971, 5.3.2 for the nonce).
import { copy } from './address';
import { get16, get32, put32 } from './bytes';
import { MAC, copyMac } from './ethernet';

/** Packets come with this hop limit or passed a router, and are forged then. */
export const HOP_LIMIT: u32 = 255;

/** Bytes of a message before its options. */
export const SOLICITATION: u32 = 24;
export const ADVERTISEMENT: u32 = 24;
export const ROUTER_SOLICITATION: u32 = 8;
export const ROUTER_ADVERTISEMENT: u32 = 16;
export const REDIRECT: u32 = 40;

/** Flags of a neighbour advertisement, in its first byte. */
export const ROUTER: u32 = 0x80;
export const SOLICITED: u32 = 0x40;
export const OVERRIDE: u32 = 0x20;

/** Options. */
export const SOURCE_MAC: u32 = 1;
export const TARGET_MAC: u32 = 2;
export const PREFIX: u32 = 3;
export const MTU: u32 = 5;
export const NONCE: u32 = 14;
export const DNS: u32 = 25;

/** Of a solicitation, an advertisement, a redirect: where the address in question lies. */
@inline
export function target(message: usize): usize {
  return message + 8;
}

/** Of a redirect: whose packets should take another way. */
@inline
export function redirected(message: usize): usize {
  return message + 24;
}

@inline
export function flags(message: usize): u32 {
  return load<u8>(message, 4);
}

/** Whether the `size` bytes at `options` are whole options, none of them empty (RFC 4861, 4.6). */
export function areOptions(options: usize, size: u32): bool {
  let at: u32 = 0;
  while (at < size) {
    if (size - at < 8) return false;
    const length = optionSize(options + at);
    if (length == 0 || length > size - at) return false;
    at += length;
  }
  return true;
}

/** Bytes of the option with its header. */
@inline
export function optionSize(option: usize): u32 {
  return <u32>load<u8>(option, 1) << 3;
}

@inline
export function optionType(option: usize): u32 {
  return load<u8>(option);
}

/** The first option of this type among the `size` bytes that areOptions(), 0 without. */
export function option(options: usize, size: u32, type: u32): usize {
  let at: u32 = 0;
  while (at < size) {
    if (optionType(options + at) == type) return options + at;
    at += optionSize(options + at);
  }
  return 0;
}

/** Where the MAC address of a SOURCE_MAC or TARGET_MAC option lies, 0 without the option. */
export function mac(options: usize, size: u32, type: u32): usize {
  const found = option(options, size, type);
  return found == 0 ? 0 : found + 2;
}

/** Writes the option with a MAC address; its bytes. */
export function writeMac(option: usize, type: u32, mac: usize): u32 {
  store<u8>(option, type);
  store<u8>(option, 1, 1);
  copyMac(option + 2, mac);
  return 2 + MAC;
}

/** Writes a nonce of 6 bytes; the option's bytes. */
export function writeNonce(option: usize, nonce: u64): u32 {
  store<u64>(option, (nonce << 16) | 0x0100 | NONCE);
  return 8;
}

/** The nonce of an option as writeNonce() writes it. */
@inline
export function nonce(option: usize): u64 {
  return load<u64>(option) >> 16;
}

/** Writes the fields between checksum and options of a solicitation (no flags) or an advertisement. */
export function writeTarget(message: usize, flags: u32, target: usize): void {
  put32(message + 4, flags << 24);
  copy(message + 8, target);
}

// Router advertisements. Times are in milliseconds or seconds as they come.

/** The hop limit to use, 0 if the router does not say. */
@inline
export function hopLimit(message: usize): u32 {
  return load<u8>(message, 4);
}

/** -1, 0 or 1 (RFC 4191, 2.1: a reserved value counts as 0). */
export function preference(message: usize): i32 {
  const bits = (load<u8>(message, 5) >> 3) & 3;
  return bits == 1 ? 1 : bits == 3 ? -1 : 0;
}

/** Whether addresses are given by DHCPv6. */
@inline
export function isManaged(message: usize): bool {
  return (load<u8>(message, 5) & 0x80) != 0;
}

/** Seconds the router can be a default router, 0 if it is none. */
@inline
export function routerLifetime(message: usize): u32 {
  return get16(message + 6);
}

/** Milliseconds, 0 if the router does not say. */
@inline
export function reachableTime(message: usize): u32 {
  return get32(message + 8);
}

/** Milliseconds, 0 if the router does not say. */
@inline
export function retransmitTime(message: usize): u32 {
  return get32(message + 12);
}

/** Bytes of a PREFIX option and of an MTU option. */
export const PREFIX_SIZE: u32 = 32;
export const MTU_SIZE: u32 = 8;
/** A lifetime in seconds that does not end. */
export const INFINITE: u32 = 0xffffffff;

@inline
export function prefixLength(option: usize): u32 {
  return load<u8>(option, 2);
}

/** Whether hosts of the prefix are on the link. */
@inline
export function isOnLink(option: usize): bool {
  return (load<u8>(option, 3) & 0x80) != 0;
}

/** Whether hosts may make their addresses from the prefix. */
@inline
export function isAutonomous(option: usize): bool {
  return (load<u8>(option, 3) & 0x40) != 0;
}

@inline
export function validLifetime(option: usize): u32 {
  return get32(option + 4);
}

@inline
export function preferredLifetime(option: usize): u32 {
  return get32(option + 8);
}

@inline
export function prefix(option: usize): usize {
  return option + 16;
}

@inline
export function mtu(option: usize): u32 {
  return get32(option + 4);
}

/** Seconds for which the name servers of a DNS option may be asked. */
@inline
export function dnsLifetime(option: usize): u32 {
  return get32(option + 4);
}

@inline
export function dnsServers(option: usize): u32 {
  return (optionSize(option) - 8) >> 4;
}

@inline
export function dnsServer(option: usize, index: u32): usize {
  return option + 8 + (index << 4);
}
