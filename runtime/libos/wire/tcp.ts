// TCP segments (RFC 9293, 3.1): where the fields of the header lie.
import { get16, get32, put16, put32 } from './bytes';

/** Bytes of a header without options. */
export const HEADER: u32 = 20;

export const FIN: u32 = 1;
export const SYN: u32 = 2;
export const RST: u32 = 4;
export const PSH: u32 = 8;
export const ACK: u32 = 16;

@inline
export function sourcePort(segment: usize): u32 {
  return get16(segment);
}

@inline
export function destinationPort(segment: usize): u32 {
  return get16(segment + 2);
}

@inline
export function sequence(segment: usize): u32 {
  return get32(segment + 4);
}

@inline
export function acknowledgment(segment: usize): u32 {
  return get32(segment + 8);
}

/** Bytes of the header with its options. */
@inline
export function headerSize(segment: usize): u32 {
  return (load<u8>(segment, 12) >> 4) << 2;
}

@inline
export function flags(segment: usize): u32 {
  return load<u8>(segment, 13) & 63;
}

/** The window as it stands there, before it is scaled. */
@inline
export function window(segment: usize): u32 {
  return get16(segment + 14);
}

/** Whether `size` bytes at `segment` hold a whole header. The checksum is not looked at. */
@inline
export function isValid(segment: usize, size: u32): bool {
  return size >= HEADER && headerSize(segment) >= HEADER && headerSize(segment) <= size;
}

/** Writes everything but options and checksum. `header` is in bytes, with options. */
@inline
export function write(
  segment: usize,
  from: u32,
  to: u32,
  sequence: u32,
  acknowledgment: u32,
  header: u32,
  flags: u32,
  window: u32,
): void {
  put16(segment, from);
  put16(segment + 2, to);
  put32(segment + 4, sequence);
  put32(segment + 8, acknowledgment);
  store<u8>(segment, header << 2, 12);
  store<u8>(segment, flags, 13);
  put16(segment + 14, window);
  store<u32>(segment, 0, 16); // checksum, and an urgent pointer we never use (RFC 6093)
}
