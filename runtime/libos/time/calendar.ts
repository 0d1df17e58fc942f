// The proleptic Gregorian calendar in UTC; leap seconds do not exist. Dates and times of day as numbers and as text.
//
// Years begin with March here, so that the leap day is their last and months have a formula; 719468 days after 0000-03-01 is 1970-01-01.
// Eras of 400 years are all alike (146,097 days), and within one leap years are every 4, but not every 100 years.
import { putByte, putDigits } from '../text/put';

/** Seconds of a day. */
export const DAY: i64 = 86400;

/** The parts of the date that setDay() was called for. */
export let year: i32 = 0;
/** 1 to 12. */
export let month: i32 = 0;
export let day: i32 = 0;

/** Days since 1970-01-01. */
export function daysOf(y: i64, m: i64, d: i64): i64 {
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

/** Writes the time of day as 08:49:37; returns where it ends. */
export function putTime(to: usize, second: u32): usize {
  to = putByte(putDigits(to, second / 3600, 2), 0x3a);
  to = putByte(putDigits(to, (second / 60) % 60, 2), 0x3a);
  return putDigits(to, second % 60, 2);
}
