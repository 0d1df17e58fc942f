// A moment as RFC 3339 writes it: 2026-11-21T07:54:12.123Z. No memory is allocated.
import { MILLISECOND } from '../time/duration';

/** Bytes write() writes. */
export const SIZE: u32 = 24;

/** Writes `value` with `digits` digits that end before `end`. */
function digits(end: usize, value: u32, digits: u32): void {
  for (; digits > 0; digits--) {
    store<u8>(--end, 0x30 + (value % 10));
    value /= 10;
  }
}

/** Writes the moment `wall`, in nanoseconds since 1970, UTC, to the SIZE bytes at `to`. The 584 years of a u64 all work. */
export function write(to: usize, wall: u64): void {
  const milliseconds = wall / MILLISECOND;
  const seconds = milliseconds / 1000;
  writeDate(to, <u32>(seconds / 86400));
  const second = <u32>(seconds % 86400);
  store<u8>(to, 0x54, 10);
  digits(to + 13, second / 3600, 2);
  store<u8>(to, 0x3a, 13);
  digits(to + 16, (second / 60) % 60, 2);
  store<u8>(to, 0x3a, 16);
  digits(to + 19, second % 60, 2);
  store<u8>(to, 0x2e, 19);
  digits(to + 23, <u32>(milliseconds % 1000), 3);
  store<u8>(to, 0x5a, 23);
}

/** Writes the date of a day, counted from 1970-01-01, to 10 bytes. */
function writeDate(to: usize, day: u32): void {
  // Years that begin with March end with the leap day, so that months have a formula; 719468 days after 0000-03-01 is 1970-01-01. Then
  // eras of 400 years, which are all alike (146,097 days), and within one the leap years every 4, but not every 100 years.
  const since = day + 719468;
  const era = since / 146097;
  const inEra = since % 146097;
  const year = (inEra - inEra / 1460 + inEra / 36524 - inEra / 146096) / 365;
  const inYear = inEra - (365 * year + year / 4 - year / 100);
  const month = (5 * inYear + 2) / 153;
  const january = month >= 10;
  digits(to + 4, era * 400 + year + (january ? 1 : 0), 4);
  store<u8>(to, 0x2d, 4);
  digits(to + 7, january ? month - 9 : month + 3, 2);
  store<u8>(to, 0x2d, 7);
  digits(to + 10, inYear - (153 * month + 2) / 5 + 1, 2);
}
