// IPv4 headers (RFC 791).
import { get16, get32, put16, put32 } from './bytes';
import { finish, sumBytes } from './checksum';

/** Bytes of a header without options, as we write it. */
export const HEADER: u32 = 20;

export const ICMP: u32 = 1;
export const TCP: u32 = 6;
export const UDP: u32 = 17;

export const BROADCAST: u32 = 0xffffffff;

/** Hops a packet of ours may take, unless told otherwise (RFC 1700). */
export const HOPS: u32 = 64;

/** Don't fragment: the path's MTU is found by errors (RFC 1191). */
const DONT_FRAGMENT: u32 = 0x4000;

/** Bytes of the header with its options; call it before anything else is believed, and isValid() right after. */
@inline
export function headerSize(packet: usize): u32 {
  return (load<u8>(packet) & 15) << 2;
}

/** Whether the `size` bytes at `packet`, at least HEADER, begin with a whole packet with a right header. */
export function isValid(packet: usize, size: u32): bool {
  const header = headerSize(packet);
  const total = totalSize(packet);
  return (
    load<u8>(packet) >> 4 == 4 &&
    header >= HEADER &&
    total >= header &&
    total <= size &&
    finish(sumBytes(0, packet, header)) == 0
  );
}

/** Bytes of header and payload; the frame may be longer, padded. */
@inline
export function totalSize(packet: usize): u32 {
  return get16(packet + 2);
}

@inline
export function identification(packet: usize): u32 {
  return get16(packet + 4);
}

/** Whether it is one piece of several: an offset, or more to follow. */
@inline
export function isFragment(packet: usize): bool {
  return (get16(packet + 6) & 0x3fff) != 0;
}

/** Whether more pieces follow. */
@inline
export function hasMore(packet: usize): bool {
  return (get16(packet + 6) & 0x2000) != 0;
}

/** Where in the whole payload this piece belongs, in bytes. */
@inline
export function fragmentOffset(packet: usize): u32 {
  return (get16(packet + 6) & 0x1fff) << 3;
}

/** The most bytes of a packet. */
export const SIZE_MAX: u32 = 65535;

/** Makes the header of a first piece that of the whole packet of `size` bytes. */
export function join(packet: usize, size: u32): void {
  put16(packet + 2, size);
  put16(packet + 6, 0);
  store<u16>(packet, 0, 10);
  store<u16>(packet, finish(sumBytes(0, packet, headerSize(packet))), 10);
}

@inline
export function protocol(packet: usize): u32 {
  return load<u8>(packet, 9);
}

@inline
export function source(packet: usize): u32 {
  return get32(packet + 12);
}

@inline
export function destination(packet: usize): u32 {
  return get32(packet + 16);
}

/** Writes a header without options for `payload` bytes. */
export function write(packet: usize, payload: u32, protocol: u32, hops: u32, from: u32, to: u32): void {
  // An identification means nothing in a packet that is never fragmented (RFC 6864, 4.1).
  writePiece(packet, payload, protocol, hops, from, to, 0, DONT_FRAGMENT);
}

/** Writes the header of a piece: `place` is its offset in units of 8 bytes, with 0x2000 if more follow. */
export function writePiece(
  packet: usize,
  payload: u32,
  protocol: u32,
  hops: u32,
  from: u32,
  to: u32,
  identification: u32,
  place: u32,
): void {
  store<u16>(packet, 0x0045); // version 4, five words; no service class
  put16(packet + 2, HEADER + payload);
  put16(packet + 4, identification);
  put16(packet + 6, place);
  store<u8>(packet, hops, 8);
  store<u8>(packet, protocol, 9);
  store<u16>(packet, 0, 10);
  put32(packet + 12, from);
  put32(packet + 16, to);
  store<u16>(packet, finish(sumBytes(0, packet, HEADER)), 10);
}
