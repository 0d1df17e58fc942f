// Which coding of a resource the client is sent (RFC 9110, 12.4.2 and 12.5.3).
import { text } from '../text/text';
import * as fields from './fields';
import { DIGIT, HT, is, same, SP } from './octet';

export const IDENTITY: u32 = 0;
export const GZIP: u32 = 1;
export const BROTLI: u32 = 2;
/** No coding there is would be accepted. */
export const NONE: u32 = 3;

const WORD_IDENTITY = text('identity');
const WORD_GZIP = text('gzip');
const WORD_X_GZIP = text('x-gzip');
const WORD_BROTLI = text('br');
const WORD_ANY = text('*');

/** Weights in thousandths; -1: not mentioned. */
let gzip: i32 = -1;
let brotli: i32 = -1;
let identity: i32 = -1;
let any: i32 = -1;

/** The weight `;q=N.NNN` of the `size` octets at `at`, which are what follows a coding; 1000 without one, -1 if it is malformed. */
function weight(at: usize, end: usize): i32 {
  at = skipSpace(at, end);
  if (at == end) return 1000;
  if (load<u8>(at) != 0x3b) return -1;
  at = skipSpace(at + 1, end);
  if (end - at < 3 || (load<u8>(at) | 0x20) != 0x71 || load<u8>(at, 1) != 0x3d) return -1;
  const whole = <u32>load<u8>(at, 2) - 0x30;
  if (whole > 1) return -1;
  let value: i32 = whole * 1000;
  at += 3;
  if (at < end && load<u8>(at) == 0x2e) {
    at++;
    for (let unit = 100; unit > 0 && at < end && is(load<u8>(at), DIGIT); unit /= 10) {
      value += unit * (load<u8>(at) - 0x30);
      at++;
    }
  }
  return skipSpace(at, end) == end && value <= 1000 ? value : -1;
}

function skipSpace(at: usize, end: usize): usize {
  while (at < end && (load<u8>(at) == SP || load<u8>(at) == HT)) at++;
  return at;
}

/** Takes one element of the list; one that is malformed is as if it were not there. */
function take(at: usize, end: usize): void {
  at = skipSpace(at, end);
  let last = at;
  while (last < end && load<u8>(last) != SP && load<u8>(last) != HT && load<u8>(last) != 0x3b) last++;
  const size = <u32>(last - at);
  const q = weight(last, end);
  if (q < 0) return;
  if (same(at, size, WORD_GZIP) || same(at, size, WORD_X_GZIP)) gzip = q;
  else if (same(at, size, WORD_BROTLI)) brotli = q;
  else if (same(at, size, WORD_IDENTITY)) identity = q;
  else if (same(at, size, WORD_ANY)) any = q;
}

/**
 * The coding to send of a resource that has those given, beside identity. Of equal weights the smaller coding wins; identity, which is
 * acceptable unless it is refused, comes last. Without the field it is identity: who says nothing often cannot decode.
 */
export function choose(named: fields.Fields, hasGzip: bool, hasBrotli: bool): u32 {
  if (!fields.has(named, fields.ACCEPT_ENCODING)) return IDENTITY;
  gzip = -1;
  brotli = -1;
  identity = -1;
  any = -1;
  let line = fields.find(named, fields.ACCEPT_ENCODING);
  while (line != null) {
    const end = line.at + line.size;
    let at = line.at;
    while (at < end) {
      let comma = at;
      while (comma < end && load<u8>(comma) != 0x2c) comma++;
      take(at, comma);
      at = comma + 1;
    }
    line = fields.find(named, fields.ACCEPT_ENCODING, fields.following(named, line));
  }
  if (gzip < 0) gzip = any;
  if (brotli < 0) brotli = any;
  let chosen = NONE;
  let best = 0;
  if (hasBrotli && brotli > best) {
    chosen = BROTLI;
    best = brotli;
  }
  if (hasGzip && gzip > best) {
    chosen = GZIP;
    best = gzip;
  }
  if (identity > best) return IDENTITY;
  if (chosen == NONE && identity != 0 && (identity > 0 || any != 0)) return IDENTITY;
  return chosen;
}
