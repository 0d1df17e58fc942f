// Dates of HTTP (RFC 9110, 5.6.7): written in one format, read in three. Seconds since 1970 in UTC; leap seconds do not exist.
import { text } from '../text/text';
import { DIGIT, is } from './octet';

/** Bytes of a date as we write it: Sun, 06 Nov 1994 08:49:37 GMT. */
export const SIZE: u32 = 29;

const DAY: i64 = 86400;
const DAYS = text('SunMonTueWedThuFriSat');
const MONTHS = text('JanFebMarAprMayJunJulAugSepOctNovDec');
const ZONE = text(' GMT');

/** A date's parts, of the proleptic Gregorian calendar. */
export let year: i32 = 0;
/** 1 to 12. */
export let month: i32 = 0;
export let day: i32 = 0;

/** Days since 1970-01-01. The year begins in March here, so that the leap day is its last. */
function daysOf(y: i64, m: i64, d: i64): i64 {
  if (m <= 2) y--;
  const era = (y >= 0 ? y : y - 399) / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

/** Sets `year`, `month` and `day` to those of the day `days` after 1970-01-01. */
export function setDay(days: i64): void {
  const shifted = days + 719468;
  const era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const shiftedMonth = (5 * dayOfYear + 2) / 153;
  day = <i32>(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1);
  month = <i32>(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9);
  year = <i32>(yearOfEra + era * 400 + (month <= 2 ? 1 : 0));
}

/** Writes `value` below 100 as two digits. */
@inline
export function putTwo(to: usize, value: u32): void {
  store<u8>(to, <u8>(0x30 + value / 10));
  store<u8>(to, <u8>(0x30 + (value % 10)), 1);
}

/** Writes `value` below 10000 as four digits. */
export function putFour(to: usize, value: u32): void {
  putTwo(to, value / 100);
  putTwo(to + 2, value % 100);
}

/** Writes the time of day as 08:49:37. */
export function putTime(to: usize, second: u32): void {
  putTwo(to, second / 3600);
  store<u8>(to, 0x3a, 2);
  putTwo(to + 3, (second / 60) % 60);
  store<u8>(to, 0x3a, 5);
  putTwo(to + 6, second % 60);
}

/** Writes the three letters of the month set by setDay(). */
export function putMonth(to: usize): void {
  memory.copy(to, MONTHS.at + <usize>(month - 1) * 3, 3);
}

/** Writes SIZE bytes for `second`, of a year before 10000. */
export function putDate(to: usize, second: u64): void {
  const days = <i64>second / DAY;
  setDay(days);
  memory.copy(to, DAYS.at + <usize>((days + 4) % 7) * 3, 3);
  store<u16>(to, 0x202c, 3);
  putTwo(to + 5, day);
  store<u8>(to, 0x20, 7);
  putMonth(to + 8);
  store<u8>(to, 0x20, 11);
  putFour(to + 12, year);
  store<u8>(to, 0x20, 16);
  putTime(to + 17, <u32>(<i64>second % DAY));
  memory.copy(to + 25, ZONE.at, ZONE.size);
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
