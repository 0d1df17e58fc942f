// Says over and over how often it was restored, random bytes, and what time it is; ends by itself.
import { clockMonotonic, generation, poll, random } from '../../../runtime/libos/guest';
import * as out from '../../../runtime/libos/log/line';
import { MILLISECOND } from '../../../runtime/libos/time/duration';

const LINES = 100;

export function main(): i32 {
  const bytes = heap.alloc(8);
  for (let line = 0; line < LINES; line++) {
    random(bytes, 8);
    out.number(generation());
    out.text(' ');
    out.number(load<u64>(bytes));
    out.text(' ');
    out.number(clockMonotonic());
    out.end();
    poll(clockMonotonic() + 10 * MILLISECOND);
  }
  return 42;
}
