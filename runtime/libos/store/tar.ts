// The 512-byte headers of a tar archive: ustar (POSIX.1-1988), pax (POSIX.1-2001) and what GNU tar adds to them. What is read
// is hostile; a header is believed only after isValid().

/** Bytes of a header; contents are padded to a multiple of it. */
export const BLOCK: u32 = 512;

// Types of an entry, the byte at 156.
/** A file: '0', as before POSIX a zero byte, or '7' for one that is contiguous. */
export const FILE: u32 = 0x30;
/** The content is pax records about the next entry, or about all entries from here on. */
export const PAX: u32 = 0x78;
export const PAX_GLOBAL: u32 = 0x67;
/** The content is the name, or the link's target, of the next entry (GNU). */
export const LONG_NAME: u32 = 0x4c;
export const LONG_LINK: u32 = 0x4b;
/** A file with holes (GNU): more headers may follow. */
export const SPARSE: u32 = 0x53;
/** Links, devices, folders and pipes: nothing follows the header, whatever its size says. */
const FIRST_EMPTY: u32 = 0x31;
const LAST_EMPTY: u32 = 0x36;

/** What number() gives where there is none. */
export const NO_NUMBER: u64 = u64.MAX_VALUE;

/** Whether the block is all zeros, which ends an archive. */
export function isZero(block: usize): bool {
  let seen: u64 = 0;
  for (let at: usize = 0; at < BLOCK; at += 8) seen |= load<u64>(block + at);
  return seen == 0;
}

/** Whether the header's checksum is right: the sum of its bytes, with spaces in the checksum's own place. */
export function isValid(header: usize): bool {
  const even: u64 = 0x00ff00ff00ff00ff;
  let lanes: u64 = 0; // four sums of 16 bits: 128 bytes each cannot overflow them
  for (let at: usize = 0; at < BLOCK; at += 8) {
    const bytes = load<u64>(header + at);
    lanes += (bytes & even) + ((bytes >> 8) & even);
  }
  let sum = (lanes & 0xffff) + ((lanes >> 16) & 0xffff) + ((lanes >> 32) & 0xffff) + (lanes >> 48);
  for (let at: usize = 148; at < 156; at++) sum += <u64>0x20 - load<u8>(header + at);
  return number(header + 148, 8) == sum;
}

/** The number in a field: octal digits, or binary behind a first byte of 0x80 (GNU). NO_NUMBER if it is neither, or negative. */
export function number(field: usize, size: u32): u64 {
  const end = field + size;
  let value: u64 = 0;
  if (load<u8>(field) == 0x80) {
    for (let at = field + 1; at < end; at++) {
      if (value >> 55 != 0) return NO_NUMBER;
      value = (value << 8) | load<u8>(at);
    }
    return value;
  }
  while (field < end && load<u8>(field) == 0x20) field++;
  for (; field < end; field++) {
    const digit = <u32>load<u8>(field) - 0x30;
    if (digit > 7) break;
    value = (value << 3) | digit; // 12 digits at most
  }
  return field == end || load<u8>(field) == 0 || load<u8>(field) == 0x20 ? value : NO_NUMBER;
}

export function type(header: usize): u32 {
  const type = <u32>load<u8>(header, 156);
  return type == 0 || type == 0x37 ? FILE : type;
}

/** Whether content follows an entry of this type. */
export function hasContent(type: u32): bool {
  return type < FIRST_EMPTY || type > LAST_EMPTY;
}

@inline
export function size(header: usize): u64 {
  return number(header + 124, 12);
}

/** Seconds since 1970; NO_NUMBER if before. */
@inline
export function modified(header: usize): u64 {
  return number(header + 136, 12);
}

/** Bytes that name() can write. */
export const NAME_ROOM: u32 = 256;

/** Bytes of the text in a field, which a zero byte ends if it is shorter. */
function length(field: usize, size: u32): u32 {
  for (let i: u32 = 0; i < size; i++) if (load<u8>(field + i) == 0) return i;
  return size;
}

/** Writes the name to the NAME_ROOM bytes at `to`; its size. */
export function name(header: usize, to: usize): u32 {
  let used: u32 = 0;
  // "ustar" and a zero byte: POSIX. GNU's has a space there, and other things where POSIX has the prefix.
  if (load<u32>(header, 257) == 0x61747375 && load<u16>(header, 261) == 0x0072) {
    used = length(header + 345, 155);
    memory.copy(to, header + 345, used);
    if (used > 0) store<u8>(to + used++, 0x2f);
  }
  const own = length(header, 100);
  memory.copy(to + used, header, own);
  return used + own;
}
