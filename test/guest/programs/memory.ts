// memory.copy and memory.fill of all lengths to 80 and some to 1300, with all ways to overlap, against loops over bytes.
import * as out from '../../../runtime/libos/log/line';

/** The source begins here, and the destination at most so far beside it; what is compared reaches beyond both. */
const FROM: usize = 128;
const FAR: i32 = 70;
const ROOM: usize = 4096;

const work = heap.alloc(ROOM);
const expected = heap.alloc(ROOM);
let seed: u32 = 1;

/** New bytes in both, to `end`: what has been copied over itself a few times is all the same. */
function prepare(end: usize): void {
  for (let i: usize = 0; i < end; i++) {
    seed = seed * 1664525 + 1013904223;
    store<u8>(work + i, <u8>(seed >> 24));
    store<u8>(expected + i, <u8>(seed >> 24));
  }
}

function same(end: usize): bool {
  for (let i: usize = 0; i < end; i++) if (load<u8>(work + i) != load<u8>(expected + i)) return false;
  return true;
}

/** What copying `size` bytes to `to` makes of `expected`, byte by byte in the right direction. */
function copyBytes(to: usize, size: usize): void {
  if (to <= FROM) {
    for (let i: usize = 0; i < size; i++) store<u8>(expected + to + i, load<u8>(expected + FROM + i));
  } else {
    for (let i = size; i > 0; i--) store<u8>(expected + to + i - 1, load<u8>(expected + FROM + i - 1));
  }
}

function failed(what: string, size: usize): i32 {
  out.text(what);
  out.text(' of ');
  out.number(size);
  out.text(' bytes');
  out.end();
  return 1;
}

export function main(): i32 {
  for (let size: usize = 0; size < 1300; size += size < 80 ? 1 : 61) {
    for (let distance = -FAR; distance <= FAR; distance += size < 80 ? 1 : 23) {
      const end = FROM + size + 2 * FAR;
      prepare(end);
      memory.copy(work + FROM + distance, work + FROM, size);
      copyBytes(FROM + distance, size);
      if (!same(end)) return failed(distance < 0 ? 'copy down' : 'copy up', size);
    }
    // Apart from each other.
    const to = FROM + size + 512 + (size & 7);
    prepare(to + size + 64);
    memory.copy(work + to, work + FROM, size);
    copyBytes(to, size);
    if (!same(to + size + 64)) return failed('copy', size);
    memory.fill(work + to, <u8>size, size);
    for (let i: usize = 0; i < size; i++) store<u8>(expected + to + i, <u8>size);
    if (!same(to + size + 64)) return failed('fill', size);
  }
  return 42;
}
