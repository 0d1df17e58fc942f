// IPv4 headers (RFC 791).
import { get16, get32, put16, put32 } from './bytes';
import { finish, sumBytes } from './checksum';

/** Bytes of a header without options, as we write it. */
export const HEADER: u32 = 20;

export const ICMP: u32 = 1;
export const UDP: u32 = 17;

/** Hops a packet of ours may take (RFC 1700). */
const TTL: u32 = 64;

/** Don't fragment: we send nothing larger than the MTU. */
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

/** Whether it is one piece of several: an offset, or more to follow. */
@inline
export function isFragment(packet: usize): bool {
  return (get16(packet + 6) & 0x3fff) != 0;
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
export function write(packet: usize, payload: u32, protocol: u32, from: u32, to: u32): void {
  store<u16>(packet, 0x0045); // version 4, five words; no service class
  put16(packet + 2, HEADER + payload);
  put16(packet + 4, 0); // an identification means nothing in a packet that is never fragmented (RFC 6864, 4.1)
  put16(packet + 6, DONT_FRAGMENT);
  store<u8>(packet, TTL, 8);
  store<u8>(packet, protocol, 9);
  store<u16>(packet, 0, 10);
  put32(packet + 12, from);
  put32(packet + 16, to);
  store<u16>(packet, finish(sumBytes(0, packet, HEADER)), 10);
}

/** The sum of the pseudo-header that UDP's checksum covers (RFC 768), for a segment of `size` bytes. */
export function pseudoSum(packet: usize, protocol: u32, size: u32): u64 {
  return sumBytes(0, packet + 12, 8) + (<u64>protocol << 8) + bswap<u16>(<u16>size);
}
