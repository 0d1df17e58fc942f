// Writes text to raw memory: each function writes to `to`, where there must be room, and returns where what it wrote ends.
import { Text } from './text';

/** Writes `words`. */
@inline
export function put(to: usize, words: Text): usize {
  memory.copy(to, words.at, words.size);
  return to + words.size;
}

/** Writes `size` bytes from `from`. */
@inline
export function putBytes(to: usize, from: usize, size: u32): usize {
  memory.copy(to, from, size);
  return to + size;
}

/** Writes one byte. */
@inline
export function putByte(to: usize, byte: u32): usize {
  store<u8>(to, <u8>byte);
  return to + 1;
}

/** Bytes putNumber() writes for `value`, at most 20. */
export function sizeOfNumber(value: u64): u32 {
  let digits: u32 = 1;
  for (; value >= 10; value /= 10) digits++;
  return digits;
}

/** Writes `value` in decimal. */
export function putNumber(to: usize, value: u64): usize {
  return putDigits(to, value, sizeOfNumber(value));
}

/** Writes the low `digits` decimal digits of `value`. */
export function putDigits(to: usize, value: u64, digits: u32): usize {
  const end = to + digits;
  for (let at = end; at > to; value /= 10) store<u8>(--at, <u8>(0x30 + (value % 10)));
  return end;
}

/** Writes the low `digits` hexadecimal digits of `value`. */
export function putHex(to: usize, value: u64, digits: u32): usize {
  const end = to + digits;
  for (let at = end; at > to; value >>= 4) {
    const digit = <u32>value & 15;
    store<u8>(--at, <u8>(digit < 10 ? 0x30 + digit : 0x57 + digit));
  }
  return end;
}

/** Writes CR LF. */
@inline
export function putLine(to: usize): usize {
  store<u16>(to, 0x0a0d);
  return to + 2;
}
