// IPv6 addresses as text (RFC 4291, 2.2), without zones.
import { put16 } from '../wire/bytes';
import { parseIpv4, parseNumber } from './parse';

/** The number of up to four hexadecimal digits; -1 if `text` is none. */
function parseGroup(text: string): i32 {
  if (text.length == 0 || text.length > 4) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const lower = c | 0x20;
    if (c >= 0x30 && c <= 0x39) value = value * 16 + c - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) value = value * 16 + lower - 0x57;
    else return -1;
  }
  return value;
}

/** Writes the groups of `text`, which are joined by colons, to `to`; how many of 16 bits there were, -1 if one is malformed. */
function parseGroups(text: string, to: usize): i32 {
  if (text.length == 0) return 0;
  const parts = text.split(':');
  if (parts.length > 8) return -1;
  let count = 0;
  for (let i = 0; i < parts.length; i++) {
    if (i == parts.length - 1 && parts[i].includes('.')) {
      const tail = parseIpv4(parts[i]);
      if (tail < 0 || count > 6) return -1;
      put16(to + count * 2, <u32>(tail >> 16));
      put16(to + count * 2 + 2, <u32>(tail & 0xffff));
      return count + 2;
    }
    const group = parseGroup(parts[i]);
    if (group < 0) return -1;
    put16(to + count++ * 2, group);
  }
  return count;
}

/** Writes the address `text` to the 16 bytes at `to`; false if it is none. */
export function parseIpv6(text: string, to: usize): bool {
  memory.fill(to, 0, 16);
  const gap = text.indexOf('::');
  if (gap < 0) return parseGroups(text, to) == 8;
  if (text.indexOf('::', gap + 1) >= 0) return false;
  const tail = heap.alloc(24);
  const left = parseGroups(text.substring(0, gap), to);
  const right = parseGroups(text.substring(gap + 2), tail);
  const fits = left >= 0 && right >= 0 && left + right <= 7;
  if (fits) {
    memory.fill(to + left * 2, 0, 16 - left * 2);
    memory.copy(to + 16 - right * 2, tail, right * 2);
  }
  heap.free(tail);
  return fits;
}

/** Writes the address of `text`, as 2001:db8::2/64, to `to`; its prefix, 1 to 128, or 0 if it is none that a host can have. */
export function parseIpv6Cidr(text: string, to: usize): u32 {
  const slash = text.indexOf('/');
  if (slash < 0 || !parseIpv6(text.substring(0, slash), to)) return 0;
  const prefix = parseNumber(text.substring(slash + 1), 128);
  const first = load<u8>(to);
  const none = load<u64>(to) == 0 && load<u64>(to, 8) <= 0x0100000000000000; // :: and ::1, as they lie in memory
  return prefix < 1 || first == 0xff || none ? 0 : <u32>prefix;
}
