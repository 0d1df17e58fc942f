// A moment as RFC 3339 writes it: 2026-11-21T07:54:12.123Z. No memory is allocated.
import { putByte, putDigits } from '../text/put';
import { DAY, day, month, putTime, setDay, year } from '../time/calendar';
import { MILLISECOND } from '../time/duration';

/** Bytes write() writes. */
export const SIZE: u32 = 24;

/** Writes the moment `wall`, in nanoseconds since 1970, UTC, to the SIZE bytes at `to`. The 584 years of a u64 all work. */
export function write(to: usize, wall: u64): void {
  const milliseconds = wall / MILLISECOND;
  const seconds = <i64>(milliseconds / 1000);
  setDay(seconds / DAY);
  to = putByte(putDigits(to, year, 4), 0x2d);
  to = putByte(putDigits(to, month, 2), 0x2d);
  to = putByte(putDigits(to, day, 2), 0x54);
  to = putByte(putTime(to, <u32>(seconds % DAY)), 0x2e);
  putByte(putDigits(to, milliseconds % 1000, 3), 0x5a);
}
