// The field Range (RFC 9110, 14): one range of bytes is sent. Several are answered with the whole, which section 14.2 allows: parts of
// one file in one response are of use to nearly nobody and cost the server more than the client.
import { text } from '../text/text';
import * as fields from './fields';
import { DIGIT, HT, is, number, same, SP } from './octet';

/** The whole is to be sent. */
export const WHOLE: u32 = 0;
export const ONE: u32 = 1;
/** There is no such byte: 416. */
export const UNSATISFIABLE: u32 = 2;

const BYTES = text('bytes=');

/** The range: `first` to `last`, both within the content. */
export let first: u64 = 0;
export let last: u64 = 0;

/** The end of the digits at `at`. */
function digitsEnd(at: usize, end: usize): usize {
  while (at < end && is(load<u8>(at), DIGIT)) at++;
  return at;
}

/** The number of the digits; what is too large for any content is as large as can be. */
function clamp(at: usize, end: usize): u64 {
  const value = number(at, <u32>(end - at));
  return value < 0 ? 1_000_000_000_000_000 : value;
}

/** Reads the range that the request asks of content of `size` bytes. A malformed one is ignored. */
export function read(named: fields.Fields, size: u64): u32 {
  if (!fields.hasOne(named, fields.RANGE)) return WHOLE;
  const line = fields.find(named, fields.RANGE)!;
  if (line.size <= BYTES.size || !same(line.at, BYTES.size, BYTES)) return WHOLE;
  const end = line.at + line.size;
  let at = line.at + BYTES.size;
  while (at < end && (load<u8>(at) == SP || load<u8>(at) == HT)) at++;
  const dash = digitsEnd(at, end);
  if (dash == end || load<u8>(dash) != 0x2d) return WHOLE;
  if (digitsEnd(dash + 1, end) != end) return WHOLE; // several, or malformed
  const hasFirst = dash > at;
  const hasLast = end > dash + 1;
  if (!hasFirst && !hasLast) return WHOLE;
  if (hasFirst) {
    first = clamp(at, dash);
    last = hasLast ? clamp(dash + 1, end) : u64.MAX_VALUE;
    if (last < first) return WHOLE;
    if (first >= size) return UNSATISFIABLE;
    if (last >= size) last = size - 1;
    return ONE;
  }
  const suffix = clamp(dash + 1, end);
  if (suffix == 0 || size == 0) return UNSATISFIABLE;
  first = size > suffix ? size - suffix : 0;
  last = size - 1;
  return ONE;
}
