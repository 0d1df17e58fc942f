// UDP (RFC 768) over IPv4.
import { get16, put16 } from './bytes';
import { finish, sumBytes } from './checksum';
import * as ipv4 from './ipv4';

export const HEADER: u32 = 8;

/** Whether the `size` bytes at `segment`, payload of `packet`, are a datagram with a right checksum, or with none. */
export function isValid(packet: usize, segment: usize, size: u32): bool {
  if (size < HEADER || length(segment) < HEADER || length(segment) > size) return false;
  if (load<u16>(segment, 6) == 0) return true; // the sender computed none
  return finish(sumBytes(ipv4.pseudoSum(packet, ipv4.UDP, length(segment)), segment, length(segment))) == 0;
}

@inline
export function sourcePort(segment: usize): u32 {
  return get16(segment);
}

@inline
export function destinationPort(segment: usize): u32 {
  return get16(segment + 2);
}

/** Bytes of header and data. */
@inline
export function length(segment: usize): u32 {
  return get16(segment + 4);
}

/** Writes header and checksum around the `data` bytes that already stand at `segment` + HEADER. */
export function write(packet: usize, segment: usize, from: u32, to: u32, data: u32): void {
  const size = HEADER + data;
  put16(segment, from);
  put16(segment + 2, to);
  put16(segment + 4, size);
  store<u16>(segment, 0, 6);
  const checksum = finish(sumBytes(ipv4.pseudoSum(packet, ipv4.UDP, size), segment, size));
  store<u16>(segment, checksum == 0 ? 0xffff : checksum, 6); // zero would mean that there is none
}
