// Prints 64 random bytes as numbers of 64 bits, and how often each bit was set in a mebibyte and a half of them.
import { random } from '../../../runtime/libos/guest';
import * as out from '../../../runtime/libos/log/line';

const SIZE: u32 = 3 << 19;

export function main(): i32 {
  const at = heap.alloc(SIZE + 1);
  store<u8>(at + SIZE, 0x5a);
  random(at, 64);
  for (let i: usize = 0; i < 64; i += 8) {
    out.number(load<u64>(at + i));
    out.text(' ');
  }
  out.end();
  random(at, SIZE);
  for (let bit: u64 = 0; bit < 64; bit++) {
    let set: u64 = 0;
    for (let i: usize = 0; i < SIZE; i += 8) set += (load<u64>(at + i) >> bit) & 1;
    out.number(set);
    out.text(' ');
  }
  out.end();
  random(at, 0);
  return load<u8>(at + SIZE) == 0x5a ? 0 : 1;
}
