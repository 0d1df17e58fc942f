// The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit words.
// Sums are taken in the machine's byte order, which RFC 1071 section 2(B) allows, and are stored back in it.

/** Adds `size` bytes at `at` to the unfolded sum `sum`. Sums of a packet's parts may be added up if all but the last are even. */
export function sumBytes(sum: u64, at: usize, size: u32): u64 {
  const words = at + (size & ~3);
  while (at < words) {
    sum += load<u32>(at);
    at += 4;
  }
  if (size & 2) {
    sum += load<u16>(at);
    at += 2;
  }
  if (size & 1) sum += load<u8>(at); // padded with a zero byte
  return sum;
}

/** The checksum of a sum, ready to be stored. It is 0 for data that includes its own right checksum. */
export function finish(sum: u64): u16 {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return <u16>~sum;
}

/**
 * The sum of the pseudo-header of UDP, TCP and ICMPv6 (RFC 768, RFC 9293, RFC 8200) for `size` bytes, between addresses of 16 bytes. The
 * prefix of an IPv4-mapped address sums up to ffff, which is zero in ones' complement, so one sum serves both families.
 */
@inline
export function pseudoSum(from: usize, to: usize, protocol: u32, size: u32): u64 {
  return (
    <u64>load<u32>(from) +
    load<u32>(from, 4) +
    load<u32>(from, 8) +
    load<u32>(from, 12) +
    load<u32>(to) +
    load<u32>(to, 4) +
    load<u32>(to, 8) +
    load<u32>(to, 12) +
    (protocol << 8) +
    bswap<u16>(<u16>size)
  );
}
