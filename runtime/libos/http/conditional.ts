// Conditional requests, in the order of RFC 9110, 13.2.2.
import { Entry } from '../store/store';
import { readDate } from './date';
import { fieldMatches, listMatches, putTag, ROOM } from './etag';
import * as fields from './fields';

/** The request goes on. */
export const PASSED: u32 = 0;
/** 304. */
export const NOT_MODIFIED: u32 = 1;
/** 412. */
export const FAILED: u32 = 2;

const tag: usize = heap.alloc(ROOM);

/** The date in a field that is there once, -1 if there is none or it is malformed: then the field is ignored. */
function dateOf(named: fields.Fields, field: u32, now: u64): i64 {
  if (!fields.hasOne(named, field)) return -1;
  const line = fields.find(named, field)!;
  return readDate(line.at, line.size, now);
}

/**
 * Whether a GET or HEAD of `entry` in `coding` is to be answered.
 * @param modified when the resource was last modified, in seconds since 1970
 * @param now seconds since 1970
 */
export function evaluate(named: fields.Fields, entry: Entry, coding: u32, modified: u64, now: u64): u32 {
  const conditions: u32 =
    (1 << fields.IF_MATCH) |
    (1 << fields.IF_NONE_MATCH) |
    (1 << fields.IF_MODIFIED_SINCE) |
    (1 << fields.IF_UNMODIFIED_SINCE);
  if ((named.seen & conditions) == 0) return PASSED;
  const size = <u32>(putTag(tag, entry, coding) - tag);
  if (fields.has(named, fields.IF_MATCH)) {
    if (!fieldMatches(named, fields.IF_MATCH, tag, size, false)) return FAILED;
  } else {
    const since = dateOf(named, fields.IF_UNMODIFIED_SINCE, now);
    if (since >= 0 && <i64>modified > since) return FAILED;
  }
  if (fields.has(named, fields.IF_NONE_MATCH)) {
    return fieldMatches(named, fields.IF_NONE_MATCH, tag, size, true) ? NOT_MODIFIED : PASSED;
  }
  const since = dateOf(named, fields.IF_MODIFIED_SINCE, now);
  return since >= 0 && <i64>modified <= since ? NOT_MODIFIED : PASSED;
}

/** Whether the field Range may be obeyed: there is no If-Range, or it names exactly what would be sent (13.1.5). */
export function rangeApplies(named: fields.Fields, entry: Entry, coding: u32, modified: u64, now: u64): bool {
  if (!fields.has(named, fields.IF_RANGE)) return true;
  if (!fields.hasOne(named, fields.IF_RANGE)) return false;
  const line = fields.find(named, fields.IF_RANGE)!;
  if (line.size > 1 && load<u8>(line.at) != 0x22 && load<u8>(line.at) != 0x57) {
    // A date is a strong validator only if it is old enough not to have changed twice in its second (8.8.2.2).
    const date = readDate(line.at, line.size, now);
    return date == <i64>modified && modified + 60 <= now;
  }
  const size = <u32>(putTag(tag, entry, coding) - tag);
  return line.size == size && listMatches(line.at, line.size, tag, size, false);
}
