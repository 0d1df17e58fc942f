// Heads of responses: written once into one block of memory, kept for those asked for often, and shared by clients.
import { SIZE as DATE } from './date';
import { currentSecond, HEAD_BITS, Site } from './site';

/** A head; its bytes stand right behind it. */
@unmanaged
export class Head {
  size: u32;
  /** Where the date stands, and the second it is of. */
  date: u32;
  second: u64;
  /** Clients that send it, and one if it is kept. */
  users: u32;
  /** What it is kept under. */
  entry: usize;
  variant: u32;
}

@inline
export function bytesOf(head: Head): usize {
  return changetype<usize>(head) + offsetof<Head>();
}

/** A head with the `size` bytes at `from`, whose date of `second` is `date` bytes in; the caller is its one user. */
export function makeHead(from: usize, size: u32, date: u32, second: u64): Head {
  const head = changetype<Head>(heap.alloc(offsetof<Head>() + size));
  head.size = size;
  head.date = date;
  head.second = second;
  head.users = 1;
  head.entry = 0;
  head.variant = 0;
  memory.copy(bytesOf(head), from, size);
  return head;
}

/** One user less. */
export function release(head: Head): void {
  head.users--;
  if (head.users == 0) heap.free(changetype<usize>(head));
}

/** Where a head is kept: one place for every key, so that finding it is one comparison and the newest wins. */
@inline
function placeOf(site: Site, entry: usize, variant: u32): usize {
  const mixed = (<u32>entry ^ (variant * 0x85ebca6b)) * 0x9e3779b1;
  return site.heads + (mixed >>> (32 - HEAD_BITS)) * sizeof<usize>();
}

/** The head kept for this entry and variant, with one user more; null if there is none. */
export function findHead(site: Site, entry: usize, variant: u32): Head | null {
  const head = changetype<Head | null>(load<usize>(placeOf(site, entry, variant)));
  if (head == null || head.entry != entry || head.variant != variant) {
    site.headMisses++;
    return null;
  }
  site.headHits++;
  head.users++;
  return head;
}

/** Keeps `head` under this entry and variant. */
export function keepHead(site: Site, head: Head, entry: usize, variant: u32): void {
  const place = placeOf(site, entry, variant);
  const before = changetype<Head | null>(load<usize>(place));
  if (before != null) release(before);
  head.entry = entry;
  head.variant = variant;
  head.users++;
  store<usize>(place, changetype<usize>(head));
}

/** Makes the head's date that of now. Only before its first byte is sent: to others it is sent at once or as a copy. */
export function renew(site: Site, head: Head): void {
  const second = currentSecond(site);
  if (head.second == second) return;
  head.second = second;
  memory.copy(bytesOf(head) + head.date, site.date, DATE);
}

/** A copy with one user, for a client that cannot take it at once; gives the caller's use of `head` back. */
export function detach(head: Head): Head {
  if (head.users == 1) return head;
  const copy = makeHead(bytesOf(head), head.size, head.date, head.second);
  release(head);
  return copy;
}
