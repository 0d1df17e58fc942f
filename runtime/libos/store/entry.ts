// The files of an archive, and the table that finds them by their names: open addressing, at most half full.
import { Arena, take } from './arena';

/** A file. Its name stands right behind it. */
@unmanaged
export class Entry {
  name: usize;
  nameSize: u32;
  /** The hash of the name. */
  hash: u32;
  /** Where the content begins on the device, and its bytes. */
  at: u64;
  size: u64;
  /** Seconds since 1970. */
  modified: u64;
  /** Changes when the content does: a digest of it, or made from size and time where the archive has no digests. */
  tag: u64;
  /** The same content compressed: the files NAME.gz and NAME.br. */
  gzip: Entry | null;
  brotli: Entry | null;
}

/** All entries of an archive, one behind the other from `first` on. */
@unmanaged
export class Table {
  first: usize;
  end: usize;
  /** 2^n places with a pointer to an entry or 0. */
  places: usize;
  mask: u32;
}

/** A new entry with its name in the arena; null if there is no room. */
export function newEntry(arena: Arena, name: usize, size: u32): Entry | null {
  const at = take(arena, offsetof<Entry>() + size);
  if (at == 0) return null;
  memory.fill(at, 0, offsetof<Entry>());
  const entry = changetype<Entry>(at);
  entry.name = at + offsetof<Entry>();
  entry.nameSize = size;
  entry.hash = hash(name, size);
  memory.copy(entry.name, name, size);
  return entry;
}

/** FNV-1a, 32 bits. */
function hash(at: usize, size: u32): u32 {
  let sum: u32 = 0x811c9dc5;
  for (let i: u32 = 0; i < size; i++) sum = (sum ^ load<u8>(at + i)) * 0x01000193;
  return sum;
}

/** Makes the places for `count` entries, which were made in this arena from `first` on. False if there is no room for them. */
export function fill(table: Table, arena: Arena, first: usize, count: u32): bool {
  table.first = first;
  table.end = arena.next;
  const places = (<u32>1) << (33 - clz(max(count, 1))); // twice to four times the entries
  table.places = take(arena, places << 2);
  if (table.places == 0) return false;
  memory.fill(table.places, 0, places << 2);
  table.mask = places - 1;
  for (let at = first; at < table.end; at = after(at)) {
    const entry = changetype<Entry>(at);
    // A name that comes again stands for the later file, as when tar unpacks.
    store<usize>(place(table, entry.name, entry.nameSize, entry.hash), at);
  }
  for (let at = first; at < table.end; at = after(at)) linkVariants(table, changetype<Entry>(at));
  return true;
}

@inline
function after(at: usize): usize {
  return at + ((offsetof<Entry>() + changetype<Entry>(at).nameSize + 7) & ~7);
}

/** The place of the entry with this name, or the empty one where it would be. */
function place(table: Table, name: usize, size: u32, hash: u32): usize {
  let index = hash & table.mask;
  while (true) {
    const at = table.places + (index << 2);
    const entry = changetype<Entry>(load<usize>(at));
    if (changetype<usize>(entry) == 0) return at;
    if (entry.hash == hash && entry.nameSize == size && memory.compare(entry.name, name, size) == 0) return at;
    index = (index + 1) & table.mask;
  }
}

export function findEntry(table: Table, name: usize, size: u32): Entry | null {
  return changetype<Entry | null>(load<usize>(place(table, name, size, hash(name, size))));
}

/** Makes NAME.gz or NAME.br known to NAME; entries come in the order of the archive, so that of several the last one stays. */
function linkVariants(table: Table, entry: Entry): void {
  if (entry.nameSize <= 3) return;
  const stem = entry.nameSize - 3;
  const suffix = load<u32>(entry.name + stem - 1) >>> 8;
  const gzip = suffix == 0x7a672e;
  if (!gzip && suffix != 0x72622e) return;
  const plain = findEntry(table, entry.name, stem);
  if (plain == null) return;
  if (gzip) plain.gzip = entry;
  else plain.brotli = entry;
}
