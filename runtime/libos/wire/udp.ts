// UDP (RFC 768).
import { get16, put16 } from './bytes';
import { finish, pseudoSum, sumBytes } from './checksum';

export const HEADER: u32 = 8;
export const PROTOCOL: u32 = 17;

/** Whether the `size` bytes at `segment` are a datagram between these addresses with a right checksum; with none if that is `allowed`. */
export function isValid(segment: usize, size: u32, from: usize, to: usize, noneAllowed: bool, verified: bool): bool {
  if (size < HEADER || length(segment) < HEADER || length(segment) > size) return false;
  if (verified) return true;
  if (load<u16>(segment, 6) == 0) return noneAllowed; // the sender computed none: forbidden over IPv6 (RFC 8200, 8.1)
  return finish(sumBytes(pseudoSum(from, to, PROTOCOL, length(segment)), segment, length(segment))) == 0;
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
export function write(segment: usize, from: usize, fromPort: u32, to: usize, toPort: u32, data: u32): void {
  const size = HEADER + data;
  put16(segment, fromPort);
  put16(segment + 2, toPort);
  put16(segment + 4, size);
  store<u16>(segment, 0, 6);
  const checksum = finish(sumBytes(pseudoSum(from, to, PROTOCOL, size), segment, size));
  store<u16>(segment, checksum == 0 ? 0xffff : checksum, 6); // zero would mean that there is none
}
