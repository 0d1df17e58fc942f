// How long the content of a request is (RFC 9112, 6.3). What two implementations might read differently is refused: it smuggles requests.
import { text } from '../text/text';
import * as fields from './fields';
import { Limits } from './limits';
import { all, DIGIT, HT, number, same, SP } from './octet';
import * as refusal from './refusal';

const CHUNKED = text('chunked');

@unmanaged
export class Framing {
  chunked: bool;
  /** Bytes of content if it is not chunked. */
  length: u32;
}

/** Whether the last of several codings is chunked: then the framing is clear, only the others are not known. */
function endsWithChunked(at: usize, size: u32): bool {
  if (size <= CHUNKED.size) return false;
  const last = at + size - CHUNKED.size;
  const before = <u32>load<u8>(last - 1);
  return (before == SP || before == HT || before == 0x2c) && same(last, CHUNKED.size, CHUNKED);
}

/** Reads it from the fields of a request in HTTP/1.`minor`; returns why it is refused, or NONE. */
export function readFraming(framing: Framing, named: fields.Fields, minor: u32, limits: Limits): u32 {
  framing.chunked = false;
  framing.length = 0;
  const coding = fields.find(named, fields.TRANSFER_ENCODING);
  const length = fields.find(named, fields.CONTENT_LENGTH);
  if (coding != null) {
    if (length != null) return refusal.FRAMING_AMBIGUOUS;
    if (minor == 0 || !fields.hasOne(named, fields.TRANSFER_ENCODING)) return refusal.CODING_MALFORMED;
    if (!same(coding.at, coding.size, CHUNKED)) {
      return endsWithChunked(coding.at, coding.size) ? refusal.CODING_UNKNOWN : refusal.CODING_MALFORMED;
    }
    framing.chunked = true;
  } else if (length != null) {
    if (!fields.hasOne(named, fields.CONTENT_LENGTH)) return refusal.LENGTH_MALFORMED;
    if (length.size == 0 || !all(length.at, length.size, DIGIT)) return refusal.LENGTH_MALFORMED;
    const value = number(length.at, length.size);
    if (value < 0 || value > <i64>limits.body) return refusal.BODY_LARGE;
    framing.length = <u32>value;
  }
  return refusal.NONE;
}
