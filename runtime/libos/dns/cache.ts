// Answers that were given before, for as long as they hold (RFC 1035, 7.4; absent names and addresses: RFC 2308). A full cache forgets what
// has expired, else what was not asked for the longest.
import * as dns from '../wire/dns';

/** Addresses kept of one name. */
export const ADDRESSES: u32 = 8;
const ADDRESS: u32 = 16;

@unmanaged
export class Entry {
  /** The name, dns.NAME bytes; empty while `expiry` is 0. */
  name: usize;
  /** ADDRESSES times 16 bytes. */
  addresses: usize;
  count: u32;
  type: u32;
  /** FOUND, NO_NAME or NO_DATA. */
  status: u32;
  expiry: u64;
  /** When it was asked for last. */
  used: u64;
}

@unmanaged
export class Cache {
  entries: usize;
  capacity: u32;
  hits: u64;
  misses: u64;
  /** Answers that had to go before their time. */
  evicted: u64;
}

/** A cache of `capacity` answers, each about 420 bytes. */
export function open(capacity: u32): Cache {
  const cache = new Cache();
  cache.capacity = capacity;
  cache.entries = heap.alloc(capacity * offsetof<Entry>());
  memory.fill(cache.entries, 0, capacity * offsetof<Entry>());
  for (let i: u32 = 0; i < capacity; i++) {
    entry(cache, i).name = heap.alloc(dns.NAME);
    entry(cache, i).addresses = heap.alloc(ADDRESSES * ADDRESS);
  }
  return cache;
}

export function close(cache: Cache): void {
  for (let i: u32 = 0; i < cache.capacity; i++) {
    heap.free(entry(cache, i).name);
    heap.free(entry(cache, i).addresses);
  }
  heap.free(cache.entries);
  heap.free(changetype<usize>(cache));
}

@inline
function entry(cache: Cache, i: u32): Entry {
  return changetype<Entry>(cache.entries + i * offsetof<Entry>());
}

/** The answer that still holds at `now`, null if there is none. */
export function find(cache: Cache, name: usize, type: u32, now: u64): Entry | null {
  for (let i: u32 = 0; i < cache.capacity; i++) {
    const found = entry(cache, i);
    if (found.expiry <= now || found.type != type || !dns.sameName(found.name, name)) continue;
    found.used = now;
    cache.hits++;
    return found;
  }
  cache.misses++;
  return null;
}

/** Keeps an answer until `expiry`, in place of an older one to the same question. */
export function keep(
  cache: Cache,
  name: usize,
  type: u32,
  status: u32,
  addresses: usize,
  count: u32,
  now: u64,
  expiry: u64,
): void {
  let place = entry(cache, 0);
  for (let i: u32 = 0; i < cache.capacity; i++) {
    const other = entry(cache, i);
    if (other.expiry > now && other.type == type && dns.sameName(other.name, name)) {
      place = other;
      break;
    }
    if (worth(other, now) < worth(place, now)) place = other;
  }
  if (place.expiry > now && !dns.sameName(place.name, name)) cache.evicted++;
  memory.copy(place.name, name, dns.nameSize(name));
  memory.copy(place.addresses, addresses, count * ADDRESS);
  place.count = count;
  place.type = type;
  place.status = status;
  place.expiry = expiry;
  place.used = now;
}

/** What expired is worth nothing. */
@inline
function worth(entry: Entry, now: u64): u64 {
  return entry.expiry <= now ? 0 : entry.used + 1;
}
