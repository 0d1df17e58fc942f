// Ethernet II frames (IEEE 802.3, RFC 894): where the fields of the header lie.
import { get16, put16 } from './bytes';

export const HEADER: u32 = 14;
/** Bytes of a MAC address. */
export const MAC: u32 = 6;

export const TYPE_IPV4: u32 = 0x0800;
export const TYPE_ARP: u32 = 0x0806;

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

/** Writes a header from `from` to `to`, both 6 bytes. */
export function write(frame: usize, to: usize, from: usize, type: u32): void {
  memory.copy(frame, to, MAC);
  memory.copy(frame + 6, from, MAC);
  put16(frame + 12, type);
}

export function isBroadcast(mac: usize): bool {
  return load<u32>(mac) == 0xffffffff && load<u16>(mac, 4) == 0xffff;
}

/** Whether the address is one of many stations (the group bit: IEEE 802-2014, 8.2.2). */
@inline
export function isGroup(mac: usize): bool {
  return (load<u8>(mac) & 1) != 0;
}

export function same(a: usize, b: usize): bool {
  return load<u32>(a) == load<u32>(b) && load<u16>(a, 4) == load<u16>(b, 4);
}
