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
