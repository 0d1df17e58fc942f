// Sends frames of all lengths by the network device 'service' as fast as it can, then ends at once; with how many were not taken.
import { netFind, netWrite } from '../../../runtime/libos/guest';
import { HEADER } from '../../../runtime/libos/iface/offload';

const FRAMES: u32 = 2500;
const ETHERNET: u32 = 14;
const LONG: u32 = 60_000;

/** Frame `number` is so long; one of sixteen is about as long as any. */
function sizeOf(number: u32): u32 {
  return number % 16 == 15 ? LONG + (number % 128) : 60 + ((number * 7919) % 1500);
}

export function main(): i32 {
  const name = String.UTF8.encode('service');
  const handle = netFind(changetype<usize>(name), name.byteLength);
  const whole = heap.alloc(HEADER + LONG + 128);
  const frame = whole + HEADER;
  memory.fill(whole, 0, HEADER); // which asks the host for nothing
  memory.fill(frame, 2, ETHERNET);
  store<u16>(frame, 0xb588, 12);
  let lost = 0;
  for (let number: u32 = 0; number < FRAMES; number++) {
    const size = sizeOf(number);
    memory.fill(frame + ETHERNET, <u8>number, size - ETHERNET);
    store<u32>(frame, number, ETHERNET);
    if (netWrite(handle, whole, HEADER + size) != 0) lost++;
  }
  return min(lost, 254);
}
