// Ethernet II frames (IEEE 802.3, RFC 894): where the fields of the header lie. Tags are those of IEEE 802.1Q.
import { get16, put16 } from './bytes';

export const HEADER: u32 = 14;
/** Bytes of a tag, between the addresses and the type. */
export const TAG: u32 = 4;
/** Bytes of a MAC address. */
export const MAC: u32 = 6;

export const TYPE_IPV4: u32 = 0x0800;
export const TYPE_ARP: u32 = 0x0806;
export const TYPE_VLAN: u32 = 0x8100;
export const TYPE_IPV6: u32 = 0x86dd;

@inline
export function destination(frame: usize): usize {
  return frame;
}

@inline
export function source(frame: usize): usize {
  return frame + 6;
}

@inline
export function type(frame: usize): u32 {
  return get16(frame + 12);
}

/** The identifier of a tagged frame's VLAN: 1 to 4094, 0 for a tag that only carries a priority. */
@inline
export function vlan(frame: usize): u32 {
  return get16(frame + 14) & 0xfff;
}

/** Writes a header from `from` to `to`, both 6 bytes. */
@inline
export function write(frame: usize, to: usize, from: usize, type: u32): void {
  copyMac(frame, to);
  copyMac(frame + 6, from);
  put16(frame + 12, type);
}

/** Writes a header with a tag. */
export function writeTagged(frame: usize, to: usize, from: usize, vlan: u32, type: u32): void {
  write(frame, to, from, TYPE_VLAN);
  put16(frame + 14, vlan);
  put16(frame + 16, type);
}

@inline
export function copyMac(to: usize, from: usize): void {
  store<u32>(to, load<u32>(from));
  store<u16>(to, load<u16>(from, 4), 4);
}

@inline
export function isBroadcast(mac: usize): bool {
  return load<u32>(mac) == 0xffffffff && load<u16>(mac, 4) == 0xffff;
}

/** Whether the address is one of many stations (the group bit: IEEE 802-2014, 8.2.2). */
@inline
export function isGroup(mac: usize): bool {
  return (load<u8>(mac) & 1) != 0;
}

@inline
export function same(a: usize, b: usize): bool {
  return load<u32>(a) == load<u32>(b) && load<u16>(a, 4) == load<u16>(b, 4);
}
