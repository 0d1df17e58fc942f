// What an octet may be part of (RFC 9110, 5.6; RFC 3986, 2), and comparison of words in any case.
import { Text } from '../text/text';

/** A method or a field's name: tchar. */
export const TOKEN: u32 = 1;
/** A request target: visible ASCII without the fragment's '#', which is never sent (RFC 9112, 3.2.1). */
export const TARGET: u32 = 2;
/** A field's value: visible, space, tab, and obs-text. */
export const VALUE: u32 = 4;
/** A host with a port: reg-name, IP literal, colon (RFC 9110, 4.2; RFC 3986, 3.2.2). */
export const HOST: u32 = 8;
/** What stands in a path as it is: pchar and the slash. */
export const PATH: u32 = 16;
export const DIGIT: u32 = 32;
export const HEX: u32 = 64;

export const HT: u32 = 0x09;
export const LF: u32 = 0x0a;
export const CR: u32 = 0x0d;
export const SP: u32 = 0x20;

const CLASSES: usize = makeClasses();

function mark(table: usize, octets: string, what: u32): void {
  for (let i = 0; i < octets.length; i++) {
    const at = table + octets.charCodeAt(i);
    store<u8>(at, <u8>(load<u8>(at) | what));
  }
}

function makeClasses(): usize {
  const table = heap.alloc(256);
  for (let octet: u32 = 0; octet < 256; octet++) {
    let what: u32 = 0;
    if (octet > SP && octet < 0x7f && octet != 0x23) what |= TARGET;
    if ((octet >= SP && octet != 0x7f) || octet == HT) what |= VALUE;
    const letter = octet | 0x20;
    if (letter >= 0x61 && letter <= 0x7a) what |= TOKEN | HOST | PATH | (letter <= 0x66 ? HEX : 0);
    if (octet >= 0x30 && octet <= 0x39) what |= TOKEN | HOST | PATH | DIGIT | HEX;
    store<u8>(table + octet, <u8>what);
  }
  mark(table, "!#$%&'*+-.^_`|~", TOKEN);
  mark(table, "-._~%!$&'()*+,;=:[]", HOST);
  mark(table, "-._~!$&'()*+,;=:@/", PATH);
  return table;
}

/** Whether `octet` is of class `what`. */
@inline
export function is(octet: u32, what: u32): bool {
  return (load<u8>(CLASSES + octet) & what) != 0;
}

/** Whether all of the `size` bytes at `at` are of class `what`; of none, true. */
export function all(at: usize, size: u32, what: u32): bool {
  const end = at + size;
  while (at < end) {
    if (!is(load<u8>(at), what)) return false;
    at++;
  }
  return true;
}

@inline
function lower(octet: u32): u32 {
  return octet - 0x41 < 26 ? octet | 0x20 : octet;
}

/** Whether the bytes are the same but for the case of their letters. */
export function sameInAnyCase(at: usize, size: u32, other: usize, otherSize: u32): bool {
  if (size != otherSize) return false;
  for (let i: u32 = 0; i < size; i++) {
    if (lower(load<u8>(at + i)) != lower(load<u8>(other + i))) return false;
  }
  return true;
}

/** Whether the bytes are `word` in any case. */
@inline
export function same(at: usize, size: u32, word: Text): bool {
  return sameInAnyCase(at, size, word.at, word.size);
}

/** The value of a hexadecimal digit. */
@inline
export function hexValue(octet: u32): u32 {
  return octet <= 0x39 ? octet - 0x30 : (octet | 0x20) - 0x57;
}

/** The number of `size` decimal digits at `at`; -1 if it is none, or above 10^15. */
export function number(at: usize, size: u32): i64 {
  if (size == 0 || size > 40 || !all(at, size, DIGIT)) return -1;
  let value: i64 = 0;
  for (let i: u32 = 0; i < size; i++) {
    value = value * 10 + (load<u8>(at + i) - 0x30);
    if (value > 1_000_000_000_000_000) return -1;
  }
  return value;
}
