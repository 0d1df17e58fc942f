// The fields of a request (RFC 9110, 5; RFC 9112, 5): checked line by line, those we use kept by their name.
import { text, Text } from '../text/text';
import { all, CR, HT, is, same, SP, TOKEN, VALUE } from './octet';
import * as refusal from './refusal';

export const HOST: u32 = 1;
export const CONNECTION: u32 = 2;
export const CONTENT_LENGTH: u32 = 3;
export const TRANSFER_ENCODING: u32 = 4;
export const EXPECT: u32 = 5;
export const ACCEPT_ENCODING: u32 = 6;
export const IF_MATCH: u32 = 7;
export const IF_NONE_MATCH: u32 = 8;
export const IF_MODIFIED_SINCE: u32 = 9;
export const IF_UNMODIFIED_SINCE: u32 = 10;
export const IF_RANGE: u32 = 11;
export const RANGE: u32 = 12;
export const REFERER: u32 = 13;
export const USER_AGENT: u32 = 14;

const NAMES: usize = makeNames();

/** The fields we use, by their numbers. */
function makeNames(): usize {
  const names = [
    '',
    'host',
    'connection',
    'content-length',
    'transfer-encoding',
    'expect',
    'accept-encoding',
    'if-match',
    'if-none-match',
    'if-modified-since',
    'if-unmodified-since',
    'if-range',
    'range',
    'referer',
    'user-agent',
  ];
  const table = heap.alloc(<usize>names.length * sizeof<usize>());
  for (let i = 0; i < names.length; i++) {
    store<usize>(table + <usize>i * sizeof<usize>(), changetype<usize>(text(names[i])));
  }
  return table;
}

@inline
function nameIs(at: usize, size: u32, field: u32): bool {
  return same(at, size, changetype<Text>(load<usize>(NAMES + field * sizeof<usize>())));
}

/** Which field has this name; 0 for one we do not use. */
function fieldOf(at: usize, size: u32): u32 {
  switch (size) {
    case 4:
      return nameIs(at, size, HOST) ? HOST : 0;
    case 5:
      return nameIs(at, size, RANGE) ? RANGE : 0;
    case 6:
      return nameIs(at, size, EXPECT) ? EXPECT : 0;
    case 7:
      return nameIs(at, size, REFERER) ? REFERER : 0;
    case 8:
      return nameIs(at, size, IF_MATCH) ? IF_MATCH : nameIs(at, size, IF_RANGE) ? IF_RANGE : 0;
    case 10:
      return nameIs(at, size, CONNECTION) ? CONNECTION : nameIs(at, size, USER_AGENT) ? USER_AGENT : 0;
    case 13:
      return nameIs(at, size, IF_NONE_MATCH) ? IF_NONE_MATCH : 0;
    case 14:
      return nameIs(at, size, CONTENT_LENGTH) ? CONTENT_LENGTH : 0;
    case 15:
      return nameIs(at, size, ACCEPT_ENCODING) ? ACCEPT_ENCODING : 0;
    case 17:
      return nameIs(at, size, TRANSFER_ENCODING)
        ? TRANSFER_ENCODING
        : nameIs(at, size, IF_MODIFIED_SINCE)
          ? IF_MODIFIED_SINCE
          : 0;
    case 19:
      return nameIs(at, size, IF_UNMODIFIED_SINCE) ? IF_UNMODIFIED_SINCE : 0;
    default:
      return 0;
  }
}

/** One line of a field we use. */
@unmanaged
export class Line {
  field: u32;
  at: usize;
  size: u32;
}

/** The fields of one request; its values lie in the request's head. */
@unmanaged
export class Fields {
  /** Fields that are there, and that are there more than once: a bit each. */
  seen: u32;
  repeated: u32;
  /** Lines so far, with those we do not use. */
  lines: u32;
  /** Lines of fields we use: `kept` of them at `table`. */
  kept: u32;
  table: usize;
}

/** @param limit how many lines there may be */
export function makeFields(limit: u32): Fields {
  const fields = new Fields();
  fields.table = heap.alloc(limit * offsetof<Line>());
  return fields;
}

export function clear(fields: Fields): void {
  fields.seen = 0;
  fields.repeated = 0;
  fields.lines = 0;
  fields.kept = 0;
}

@inline
export function has(fields: Fields, field: u32): bool {
  return (fields.seen & (1 << field)) != 0;
}

/** Whether the field is there once. What must be single and is not is as if it were not there (RFC 9110, 5.3). */
@inline
export function hasOne(fields: Fields, field: u32): bool {
  return (fields.seen & ~fields.repeated & (1 << field)) != 0;
}

/** The next line of `field` at or after `from`, null if there is none; see `following`. */
export function find(fields: Fields, field: u32, from: u32 = 0): Line | null {
  for (let i = from; i < fields.kept; i++) {
    const line = changetype<Line>(fields.table + i * offsetof<Line>());
    if (line.field == field) return line;
  }
  return null;
}

/** Where `find` must go on behind `line`. */
@inline
export function following(fields: Fields, line: Line): u32 {
  return <u32>((changetype<usize>(line) - fields.table) / offsetof<Line>()) + 1;
}

/** Whether there is an octet below space in the 8 at `word`. */
@inline
function hasControl(word: u64): bool {
  return ((word - 0x2020202020202020) & ~word & 0x8080808080808080) != 0;
}

/** Whether there is a DEL in the 8 octets of `word`. */
@inline
function hasDelete(word: u64): bool {
  const difference = word ^ 0x7f7f7f7f7f7f7f7f;
  return ((difference - 0x0101010101010101) & ~difference & 0x8080808080808080) != 0;
}

function isValue(at: usize, size: u32): bool {
  const end = at + size;
  while (at + 8 <= end) {
    const word = load<u64>(at);
    if ((hasControl(word) || hasDelete(word)) && !all(at, 8, VALUE)) return false;
    at += 8;
  }
  return all(at, <u32>(end - at), VALUE);
}

/**
 * Takes the line of `size` bytes at `at`, without its CR LF.
 * @param limit how many lines there may be
 * @returns why it is refused, or NONE
 */
export function addLine(fields: Fields, at: usize, size: u32, limit: u32): u32 {
  if (fields.lines >= limit) return refusal.HEAD_LARGE;
  fields.lines++;
  const first = <u32>load<u8>(at);
  if (first == SP || first == HT) return refusal.FIELD_FOLDED;
  const end = at + size;
  let colon = at;
  while (colon < end && is(load<u8>(colon), TOKEN)) colon++;
  // No name, or whitespace or something else before the colon (RFC 9112, 5.1).
  if (colon == at || colon == end || load<u8>(colon) != 0x3a) return refusal.FIELD_MALFORMED;
  let value = colon + 1;
  let last = end;
  while (value < last && isSpace(load<u8>(value))) value++;
  while (last > value && isSpace(load<u8>(last - 1))) last--;
  const valueSize = <u32>(last - value);
  if (!isValue(value, valueSize)) return hasCr(value, valueSize) ? refusal.LINE_END : refusal.FIELD_MALFORMED;
  const field = fieldOf(at, <u32>(colon - at));
  if (field == 0) return refusal.NONE;
  const bit: u32 = 1 << field;
  fields.repeated |= fields.seen & bit;
  fields.seen |= bit;
  const line = changetype<Line>(fields.table + fields.kept * offsetof<Line>());
  line.field = field;
  line.at = value;
  line.size = valueSize;
  fields.kept++;
  return refusal.NONE;
}

@inline
function isSpace(octet: u32): bool {
  return octet == SP || octet == HT;
}

function hasCr(at: usize, size: u32): bool {
  for (let i: u32 = 0; i < size; i++) if (load<u8>(at + i) == CR) return true;
  return false;
}

/** Whether one of the lines of `field`, a list, names `word`, in any case (RFC 9110, 5.6.1). */
export function listHas(fields: Fields, field: u32, word: Text): bool {
  let line = has(fields, field) ? find(fields, field) : null;
  while (line != null) {
    const end = line.at + line.size;
    let at = line.at;
    while (at < end) {
      let comma = at;
      while (comma < end && load<u8>(comma) != 0x2c) comma++;
      let last = comma;
      while (at < last && isSpace(load<u8>(at))) at++;
      while (last > at && isSpace(load<u8>(last - 1))) last--;
      if (same(at, <u32>(last - at), word)) return true;
      at = comma + 1;
    }
    line = find(fields, field, following(fields, line));
  }
  return false;
}
