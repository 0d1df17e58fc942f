// Reads both clocks around a sleep of 50 ms, and prints what the test judges.
import { clockMonotonic, clockWall, poll } from '../../../runtime/libos/guest';
import * as out from '../../../runtime/libos/log/line';

const SLEEP: u64 = 50_000_000;

export function main(): i32 {
  const before = clockMonotonic();
  const ready = poll(before + SLEEP);
  const after = clockMonotonic();
  // A deadline that is over does not sleep, and does not hang.
  poll(0);
  let steps: u64 = 0;
  let last = after;
  for (let i = 0; i < 10_000; i++) {
    const now = clockMonotonic();
    if (now < last) return 1;
    steps += now - last;
    last = now;
  }
  out.text('ready ');
  out.number(ready);
  out.text(' slept ');
  out.number(after - before);
  out.text(' wall ');
  out.number(clockWall());
  out.end();
  return steps > 0 ? 0 : 2;
}
