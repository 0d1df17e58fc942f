// Copies bytes and adds them up for the Internet checksum in one pass: they are read once.

/** Copies `size` bytes from `from` to `to`; returns `sum` with them added, as sumBytes() of checksum.ts does. */
export function copyAndSum(sum: u64, to: usize, from: usize, size: u32): u64 {
  // Two sums of 32-bit halves, which cannot overflow within 2^32 words.
  let low: u64 = 0;
  let high: u64 = 0;
  let left = size;
  while (left >= 32) {
    const a = load<u64>(from);
    const b = load<u64>(from, 8);
    const c = load<u64>(from, 16);
    const d = load<u64>(from, 24);
    store<u64>(to, a);
    store<u64>(to, b, 8);
    store<u64>(to, c, 16);
    store<u64>(to, d, 24);
    low += (a & 0xffffffff) + (b & 0xffffffff) + (c & 0xffffffff) + (d & 0xffffffff);
    high += (a >> 32) + (b >> 32) + (c >> 32) + (d >> 32);
    from += 32;
    to += 32;
    left -= 32;
  }
  while (left >= 4) {
    const word = load<u32>(from);
    store<u32>(to, word);
    low += word;
    from += 4;
    to += 4;
    left -= 4;
  }
  if (left & 2) {
    const half = load<u16>(from);
    store<u16>(to, half);
    low += half;
    from += 2;
    to += 2;
  }
  if (left & 1) {
    const last = load<u8>(from);
    store<u8>(to, last);
    low += last;
  }
  return sum + low + high;
}
