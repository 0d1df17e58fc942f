// IPv6 headers (RFC 8200, 3) and those of its extensions (RFC 8200, 4).
import { SIZE, copy } from './address';
import { get16, get32, put16, put32 } from './bytes';

/** Bytes of a header without extensions, as we write it. */
export const HEADER: u32 = 40;
/** Bytes of a packet that every link and path takes (RFC 8200, 5). */
export const MINIMUM_MTU: u32 = 1280;
/** The most bytes behind a header. */
export const PAYLOAD_MAX: u32 = 65535;

/** What comes next: an extension header or a protocol. */
export const HOP_BY_HOP: u32 = 0;
export const TCP: u32 = 6;
export const UDP: u32 = 17;
export const ROUTING: u32 = 43;
export const FRAGMENT: u32 = 44;
export const ICMP: u32 = 58;
export const NOTHING: u32 = 59;
export const DESTINATION_OPTIONS: u32 = 60;

/** Where the fields lie that an error may point to. */
export const PAYLOAD_FIELD: u32 = 4;
export const NEXT_FIELD: u32 = 6;

/** Options that only fill space: of one byte, of several. */
export const PAD_ONE: u32 = 0;
export const PAD_MANY: u32 = 1;
/** A router on the way shall look at the packet (RFC 2711); the value 0 means multicast listeners. */
export const ROUTER_ALERT: u32 = 5;

/** Whether the `size` bytes at `packet` begin with a whole packet. */
export function isValid(packet: usize, size: u32): bool {
  return size >= HEADER && load<u8>(packet) >> 4 == 6 && HEADER + payloadSize(packet) <= size;
}

/** Bytes behind the header; the frame may be longer, padded. */
@inline
export function payloadSize(packet: usize): u32 {
  return get16(packet + PAYLOAD_FIELD);
}

@inline
export function setPayloadSize(packet: usize, size: u32): void {
  put16(packet + PAYLOAD_FIELD, size);
}

@inline
export function next(packet: usize): u32 {
  return load<u8>(packet, NEXT_FIELD);
}

@inline
export function hopLimit(packet: usize): u32 {
  return load<u8>(packet, 7);
}

/** Where the address of the sender lies, 16 bytes. */
@inline
export function source(packet: usize): usize {
  return packet + 8;
}

/** Where the address of the destination lies, 16 bytes. */
@inline
export function destination(packet: usize): usize {
  return packet + 8 + SIZE;
}

/** Writes a header for `payload` bytes; no traffic class, no flow label. */
export function write(packet: usize, payload: u32, next: u32, hops: u32, from: usize, to: usize): void {
  store<u32>(packet, 0x60);
  put16(packet + PAYLOAD_FIELD, payload);
  store<u8>(packet, next, NEXT_FIELD);
  store<u8>(packet, hops, 7);
  copy(source(packet), from);
  copy(destination(packet), to);
}

/** Bytes of the hop-by-hop, routing or destination options header at `header`. */
@inline
export function extensionSize(header: usize): u32 {
  return (<u32>load<u8>(header, 1) + 1) << 3;
}

/** Segments a routing header still wants to be sent through (RFC 8200, 4.4). */
@inline
export function segmentsLeft(header: usize): u32 {
  return load<u8>(header, 3);
}

/** Bytes of a fragment header. */
export const FRAGMENT_HEADER: u32 = 8;

/** Bytes of the packet before this piece: a multiple of 8. */
@inline
export function fragmentOffset(header: usize): u32 {
  return get16(header + 2) & 0xfff8;
}

@inline
export function moreFragments(header: usize): bool {
  return (load<u8>(header, 3) & 1) != 0;
}

@inline
export function fragmentId(header: usize): u32 {
  return get32(header + 4);
}

export function writeFragment(header: usize, next: u32, offset: u32, more: bool, id: u32): void {
  put16(header, next << 8);
  put16(header + 2, offset | u32(more));
  put32(header + 4, id);
}
