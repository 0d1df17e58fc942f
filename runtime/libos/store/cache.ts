// The chunks of a device that were used last, in a fixed number of slots. Which one makes room is found by the clock algorithm:
// a hand goes round and takes the first slot that nobody has used since it last came by.
import { Arena, roomIn, take } from './arena';
import { CHUNK, CHUNK_BITS, Digests, isIntact } from './digests';
import { Device, readSectors } from './device';

/** No slot; slots are numbered from 1 in the links. */
const NONE: u32 = 0;

@unmanaged
class Slot {
  chunk: u64;
  /** The next slot in the same bucket. */
  next: u32;
  used: bool;
  filled: bool;
}

@unmanaged
export class Cache {
  slots: usize;
  count: u32;
  hand: u32;
  /** The chunks themselves. */
  data: usize;
  /** 2^n first slots of their buckets. */
  buckets: usize;
  mask: u32;
  hits: u64;
  misses: u64;
  /** Chunks that were read and were not what was packed. */
  corrupt: u64;
}

/** A cache that takes what is left of the arena, but no more than the device can fill; null if there is no room for one chunk. */
export function newCache(arena: Arena, device: Device): Cache | null {
  const cache = changetype<Cache>(take(arena, offsetof<Cache>()));
  if (changetype<usize>(cache) == 0) return null;
  memory.fill(changetype<usize>(cache), 0, offsetof<Cache>());
  // A chunk, its slot, and at most two buckets; 16 bytes for the alignment of the three parts.
  const fit = (max(roomIn(arena), 16) - 16) / (CHUNK + offsetof<Slot>() + 8);
  const useful = (device.capacity + (CHUNK - 1)) >> CHUNK_BITS;
  cache.count = <u32>min<u64>(fit, useful);
  if (cache.count == 0) return null;
  const buckets = (<u32>1) << (32 - clz(cache.count));
  cache.mask = buckets - 1;
  cache.buckets = take(arena, buckets << 2);
  cache.slots = take(arena, cache.count * offsetof<Slot>());
  cache.data = take(arena, cache.count << CHUNK_BITS);
  memory.fill(cache.buckets, 0, buckets << 2);
  memory.fill(cache.slots, 0, cache.count * offsetof<Slot>());
  return cache;
}

@inline
function slotOf(cache: Cache, number: u32): Slot {
  return changetype<Slot>(cache.slots + (number - 1) * offsetof<Slot>());
}

@inline
function bucketOf(cache: Cache, chunk: u64): usize {
  return cache.buckets + ((<u32>chunk & cache.mask) << 2);
}

/** The chunk number `chunk` of the device until the next call; 0 if the device failed or the chunk is not as it was packed. */
export function fetch(cache: Cache, device: Device, digests: Digests | null, chunk: u64): usize {
  let number = load<u32>(bucketOf(cache, chunk));
  while (number != NONE) {
    const slot = slotOf(cache, number);
    if (slot.chunk == chunk) {
      slot.used = true;
      cache.hits++;
      return cache.data + ((number - 1) << CHUNK_BITS);
    }
    number = slot.next;
  }
  cache.misses++;
  number = vacate(cache);
  const at = cache.data + ((number - 1) << CHUNK_BITS);
  const begin = chunk << CHUNK_BITS;
  if (!readSectors(device, begin, at, <u32>min<u64>(CHUNK, device.capacity - begin))) return 0;
  if (digests != null && !isIntact(digests, chunk, at)) {
    cache.corrupt++;
    return 0;
  }
  const slot = slotOf(cache, number);
  const bucket = bucketOf(cache, chunk);
  slot.chunk = chunk;
  slot.filled = true;
  slot.used = false; // a chunk that is used once only is the first to go
  slot.next = load<u32>(bucket);
  store<u32>(bucket, number);
  return at;
}

/** The number of a slot that is empty now. */
function vacate(cache: Cache): u32 {
  while (true) {
    const number = cache.hand + 1;
    const slot = slotOf(cache, number);
    cache.hand = number == cache.count ? 0 : number;
    if (slot.used) {
      slot.used = false;
      continue;
    }
    if (slot.filled) unlink(cache, slot, number);
    return number;
  }
}

function unlink(cache: Cache, slot: Slot, number: u32): void {
  let link = bucketOf(cache, slot.chunk);
  while (load<u32>(link) != number) {
    link = changetype<usize>(slotOf(cache, load<u32>(link))) + offsetof<Slot>('next');
  }
  store<u32>(link, slot.next);
  slot.filled = false;
}
