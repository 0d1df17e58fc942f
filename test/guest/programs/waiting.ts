// Waits for frames of the network device 'service' and for deadlines in turn; ends with the number of what went wrong.
import { clockMonotonic, netFind, netRead, poll } from '../../../runtime/libos/guest';
import * as out from '../../../runtime/libos/log/line';

const SECOND: u64 = 1_000_000_000;
const FRAME = 2048;

function drain(handle: u32, buffer: usize): void {
  while (netRead(handle, buffer, FRAME) > 0) continue;
}

export function main(): i32 {
  const name = String.UTF8.encode('service');
  const handle = netFind(changetype<usize>(name), name.byteLength);
  const buffer = heap.alloc(FRAME);
  out.text('ready');
  out.end();

  // A frame ends a sleep without deadline.
  if (poll(u64.MAX_VALUE) != (<u64>1) << handle) return 1;
  drain(handle, buffer);

  // A frame ends a sleep long before its deadline, which then must not hold up an earlier one.
  const begin = clockMonotonic();
  if (poll(begin + 1000 * SECOND) != (<u64>1) << handle) return 2;
  const soon = clockMonotonic() + SECOND / 20;
  while (clockMonotonic() < soon) {
    poll(soon);
    drain(handle, buffer);
  }

  // A deadline that has passed, then looking only, then a later one: the last one counts.
  drain(handle, buffer);
  poll(begin);
  poll(0);
  const later = clockMonotonic() + SECOND / 20;
  let rounds = 0;
  while (clockMonotonic() < later) {
    poll(later);
    drain(handle, buffer);
    rounds++;
  }
  return rounds < 1000 ? 42 : 3;
}
