// Dates of HTTP (RFC 9110, 5.6.7): written in one format, read in three. Seconds since 1970 in UTC.
import { put, putByte, putBytes, putDigits } from '../text/put';
import { text } from '../text/text';
import { DAY, day, daysOf, month, putTime, setDay, year } from '../time/calendar';
import { DIGIT, is, SP } from './octet';

/** Bytes of a date as we write it: Sun, 06 Nov 1994 08:49:37 GMT. */
export const SIZE: u32 = 29;

const DAYS = text('SunMonTueWedThuFriSat');
const MONTHS = text('JanFebMarAprMayJunJulAugSepOctNovDec');
const COMMA = text(', ');
const ZONE = text(' GMT');

/** Writes the three letters of the month set by setDay(). */
export function putMonth(to: usize): usize {
  return putBytes(to, MONTHS.at + <usize>(month - 1) * 3, 3);
}

/** Writes SIZE bytes for `second`, of a year before 10000. */
export function putDate(to: usize, second: u64): void {
  const days = <i64>second / DAY;
  setDay(days);
  to = put(putBytes(to, DAYS.at + <usize>((days + 4) % 7) * 3, 3), COMMA);
  to = putByte(putDigits(to, day, 2), SP);
  to = putByte(putMonth(to), SP);
  to = putByte(putDigits(to, year, 4), SP);
  put(putTime(to, <u32>(<i64>second % DAY)), ZONE);
}

/** Where `readDate` is, and whether what it has read was what must stand there. */
let at: usize = 0;
let end: usize = 0;
let good: bool = false;

function expect(octet: u32): void {
  if (at < end && load<u8>(at) == octet) at++;
  else good = false;
}

function digits(count: u32): i32 {
  let value = 0;
  while (count > 0) {
    if (at == end || !is(load<u8>(at), DIGIT)) {
      good = false;
      return 0;
    }
    value = value * 10 + (load<u8>(at) - 0x30);
    at++;
    count--;
  }
  return value;
}

/** The position, from 0, of the three letters here among `names`. */
function name(names: usize, count: i32): i32 {
  if (end - at >= 3) {
    for (let i = 0; i < count; i++) {
      if (memory.compare(at, names + <usize>i * 3, 3) == 0) {
        at += 3;
        return i;
      }
    }
  }
  good = false;
  return 0;
}

function time(): i64 {
  const hour = digits(2);
  expect(0x3a);
  const minute = digits(2);
  expect(0x3a);
  const second = digits(2);
  if (hour > 23 || minute > 59 || second > 60) good = false;
  return hour * 3600 + minute * 60 + second;
}

function zone(): void {
  if (end - at == 4 && memory.compare(at, ZONE.at, 4) == 0) at += 4;
  else good = false;
}

/**
 * Reads the date of `size` octets at `from`: IMF-fixdate, or the obsolete formats of RFC 850 and of asctime().
 * @param now seconds since 1970; a year of two digits is the one nearest that is at most 50 years ahead
 * @returns seconds since 1970, -1 if it is no date, or before 1970
 */
export function readDate(from: usize, size: u32, now: u64): i64 {
  at = from;
  end = from + size;
  good = true;
  name(DAYS.at, 7);
  let seconds: i64 = 0;
  let y: i64 = 0;
  let m: i64 = 0;
  let d: i64 = 0;
  if (at < end && load<u8>(at) == 0x20) {
    // Sun Nov  6 08:49:37 1994
    at++;
    m = name(MONTHS.at, 12) + 1;
    expect(0x20);
    if (at < end && load<u8>(at) == 0x20) {
      at++;
      d = digits(1);
    } else d = digits(2);
    expect(0x20);
    seconds = time();
    expect(0x20);
    y = digits(4);
  } else {
    // Sun, 06 Nov 1994 08:49:37 GMT, or Sunday, 06-Nov-94 08:49:37 GMT
    while (at < end && load<u8>(at) != 0x2c) at++;
    const short = at == from + 3;
    expect(0x2c);
    expect(0x20);
    d = digits(2);
    expect(short ? 0x20 : 0x2d);
    m = name(MONTHS.at, 12) + 1;
    expect(short ? 0x20 : 0x2d);
    y = short ? digits(4) : century(digits(2), now);
    expect(0x20);
    seconds = time();
    zone();
  }
  if (!good || at != end || d < 1 || y < 1970) return -1;
  const days = daysOf(y, m, d);
  // A day the month does not have.
  setDay(days);
  return day == <i32>d ? days * DAY + seconds : -1;
}

/** The full year of two digits. */
function century(short: i32, now: u64): i64 {
  setDay(<i64>now / DAY);
  const full = year - (year % 100) + short;
  return full > year + 50 ? full - 100 : full;
}
