// DNS messages (RFC 1035, section 4). A name outside of a message is its labels, each behind its length, with the empty one at the end,
// uncompressed: at most 255 bytes. Offsets count from the beginning of the message, 0 (the header's) stands for malformed.
import { get16, get32, put16, put32 } from './bytes';

export const HEADER: u32 = 12;
/** Bytes of the longest name (RFC 1035, 2.3.4). */
export const NAME: u32 = 255;
const LABEL: u32 = 63;

// Bits of the flags.
export const RESPONSE: u32 = 0x8000;
export const AUTHORITATIVE: u32 = 0x0400;
export const TRUNCATED: u32 = 0x0200;
export const RECURSION_DESIRED: u32 = 0x0100;
export const RECURSION_AVAILABLE: u32 = 0x0080;
export const OPCODE: u32 = 0x7800;
export const RCODE: u32 = 0x000f;

// Response codes.
export const NO_ERROR: u32 = 0;
export const FORMAT_ERROR: u32 = 1;
export const SERVER_FAILURE: u32 = 2;
export const NAME_ERROR: u32 = 3;
export const NOT_IMPLEMENTED: u32 = 4;

// Types, and the class.
export const A: u32 = 1;
export const CNAME: u32 = 5;
export const SOA: u32 = 6;
export const AAAA: u32 = 28;
export const OPT: u32 = 41;
export const NSEC: u32 = 47;
export const ANY: u32 = 255;
export const INTERNET: u32 = 1;

@inline
export function id(message: usize): u32 {
  return get16(message);
}

@inline
export function flags(message: usize): u32 {
  return get16(message + 2);
}

@inline
export function questions(message: usize): u32 {
  return get16(message + 4);
}

@inline
export function answers(message: usize): u32 {
  return get16(message + 6);
}

@inline
export function authorities(message: usize): u32 {
  return get16(message + 8);
}

@inline
export function additionals(message: usize): u32 {
  return get16(message + 10);
}

export function writeHeader(
  message: usize,
  id: u32,
  flags: u32,
  questions: u32,
  answers: u32,
  authorities: u32,
  additionals: u32,
): void {
  put16(message, id);
  put16(message + 2, flags);
  put16(message + 4, questions);
  put16(message + 6, answers);
  put16(message + 8, authorities);
  put16(message + 10, additionals);
}

/**
 * Copies the name at offset `at`, uncompressed, to the NAME bytes at `to` (0: nowhere); the offset behind it in the message. A pointer is
 * followed only to before the piece it stands in, so that no loop is possible.
 */
export function readName(message: usize, size: u32, at: u32, to: usize): u32 {
  let behind: u32 = 0;
  let before = at;
  let have: u32 = 0;
  while (at < size) {
    const length = <u32>load<u8>(message + at);
    if (length >= 0xc0) {
      if (at + 2 > size) return 0;
      if (behind == 0) behind = at + 2;
      const target = get16(message + at) & 0x3fff;
      if (target >= before || target < HEADER) return 0;
      before = target;
      at = target;
      continue;
    }
    // 01 and 10 in the first bits were never put to use.
    if (length > LABEL || at + 1 + length > size || have + 1 + length > NAME) return 0;
    if (to != 0) memory.copy(to + have, message + at, 1 + length);
    have += 1 + length;
    at += 1 + length;
    if (length == 0) return behind != 0 ? behind : at;
  }
  return 0;
}

/** Bytes of an uncompressed name. */
export function nameSize(name: usize): u32 {
  let at = name;
  while (load<u8>(at) != 0) at += 1 + <usize>load<u8>(at);
  return <u32>(at - name) + 1;
}

@inline
function lower(c: u32): u32 {
  return c - 0x41 < 26 ? c | 0x20 : c;
}

/** Whether two uncompressed names are the same; the case of ASCII letters does not count (RFC 4343). */
export function sameName(a: usize, b: usize): bool {
  const size = nameSize(a);
  if (size != nameSize(b)) return false;
  // Lengths of labels are below the letters, so they may go through lower() too.
  for (let i: u32 = 0; i < size; i++) if (lower(load<u8>(a + i)) != lower(load<u8>(b + i))) return false;
  return true;
}

/**
 * Writes the host name of `size` bytes at `text` ('www.example.org', with or without a dot at the end) as a name to the NAME bytes at `to`;
 * its size, or 0 if it is none: letters, digits, '-' and '_' in labels of 1 to 63, 253 in all.
 */
export function writeName(text: usize, size: u32, to: usize): u32 {
  if (size > 1 && load<u8>(text + size - 1) == 0x2e) size--;
  if (size == 0 || size > NAME - 2) return 0;
  let label: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const c = <u32>load<u8>(text + i);
    if (c == 0x2e) {
      if (i == label) return 0;
      store<u8>(to + label, i - label);
      label = i + 1;
      continue;
    }
    const letter = (c | 0x20) - 0x61 < 26;
    if ((!letter && c - 0x30 > 9 && c != 0x2d && c != 0x5f) || i - label == LABEL) return 0;
    store<u8>(to + i + 1, c);
  }
  if (size == label) return 0;
  store<u8>(to + label, size - label);
  store<u8>(to + size + 1, 0);
  return size + 2;
}

/** A question or a resource record of a message. */
@unmanaged
export class Record {
  /** Offsets of the name and the data. */
  name: u32;
  type: u32;
  /** With the top bit, which multicast DNS has uses for. */
  class: u32;
  ttl: u32;
  data: u32;
  dataSize: u32;
}

/** Reads the question at offset `at`; the offset behind it. */
export function readQuestion(message: usize, size: u32, at: u32, record: Record): u32 {
  record.name = at;
  at = readName(message, size, at, 0);
  if (at == 0 || at + 4 > size) return 0;
  record.type = get16(message + at);
  record.class = get16(message + at + 2);
  return at + 4;
}

/** Reads the resource record at offset `at`; the offset behind it. */
export function readRecord(message: usize, size: u32, at: u32, record: Record): u32 {
  at = readQuestion(message, size, at, record);
  if (at == 0 || at + 6 > size) return 0;
  const ttl = get32(message + at);
  record.ttl = ttl >> 31 ? 0 : ttl; // RFC 2181, 8
  record.dataSize = get16(message + at + 4);
  record.data = at + 6;
  return at + 6 + record.dataSize > size ? 0 : at + 6 + record.dataSize;
}

/** Writes what follows the name of a question; where the next thing goes. */
export function writeType(at: usize, type: u32, klass: u32): usize {
  put16(at, type);
  put16(at + 2, klass);
  return at + 4;
}

/** Writes what follows the name of a record, up to its data of `size` bytes; where the data goes. */
export function writeRecord(at: usize, type: u32, klass: u32, ttl: u32, size: u32): usize {
  at = writeType(at, type, klass);
  put32(at, ttl);
  put16(at + 4, size);
  return at + 6;
}
