// A read-only store of files: a tar archive on a block device. All its memory is one block of a size the caller chooses; the
// index of the files takes what it needs of it, the rest holds the chunks that were read last.
import { Arena, freeArena, newArena } from './arena';
import { Cache, fetch, newCache } from './cache';
import { Device, freeWindow, newDevice, newWindow, ReadSectors } from './device';
import { CHUNK, CHUNK_BITS, Digests } from './digests';
import { Entry, fill, findEntry, Table } from './entry';
import { EXTENDED_MAX, scan } from './scan';
import * as status from './status';

export { Entry } from './entry';
export { ReadSectors } from './device';

/** Bytes for what is there however small a device is. */
const SPARE: u64 = 65536;

@unmanaged
export class Store {
  /** Of ./status. Only a store whose status is OK may be asked for anything but words() and close(). */
  status: u32;
  /** The byte of the device where the status showed. */
  problemAt: u64;
  device!: Device;
  arena!: Arena;
  table!: Table;
  /** Where the first entry stands in the arena. */
  entries: usize;
  /** Set when the status is OK. */
  cache!: Cache;
  /** Null for an archive without checksums. */
  digests: Digests | null;
  /** Files in the archive; of those with the same name, the last is served. */
  files: u32;
  /** Links, folders and devices, which are not served. */
  skipped: u32;
  /** What the last peek() showed. */
  peeked: u32;
}

/**
 * Opens the archive on a device of `capacity` bytes in sectors of `sector` bytes (a power of two, 512 to 16384), within `budget`
 * bytes of memory. Look at the status of what it returns; close() gives the memory back.
 */
export function open(read: ReadSectors, capacity: u64, sector: u32, budget: u32): Store {
  const archive = new Store();
  memory.fill(changetype<usize>(archive), 0, offsetof<Store>());
  archive.device = newDevice(read, capacity, sector);
  // The cache holds no more than the device; index and digests are smaller than the headers and files they are made from.
  archive.arena = newArena(<u32>min<u64>(budget, archive.device.capacity * 2 + SPARE));
  archive.entries = archive.arena.start;
  archive.table = new Table();
  archive.status = build(archive);
  return archive;
}

function build(archive: Store): u32 {
  const device = archive.device;
  if (device.sector < 512 || device.sector > CHUNK || (device.sector & (device.sector - 1)) != 0)
    return status.BAD_DEVICE;
  const window = newWindow(device, EXTENDED_MAX);
  const scanned = scan(archive, window);
  freeWindow(window);
  if (scanned != status.OK) return scanned;
  const arena = archive.arena;
  if (!fill(archive.table, arena, archive.entries, archive.files)) return status.TOO_MANY_FILES;
  const cache = newCache(arena, device);
  if (cache == null) return status.TOO_MANY_FILES;
  archive.cache = cache;
  archive.problemAt = 0;
  return status.OK;
}

/** What the status means and what to do, for a log line. Set-up only: allocates. */
export function words(archive: Store): string {
  return status.words(archive.status, archive.problemAt);
}

/** Gives all memory of the store back, that of its entries too. */
export function close(archive: Store): void {
  freeArena(archive.arena);
  heap.free(changetype<usize>(archive.device));
  heap.free(changetype<usize>(archive.table));
  heap.free(changetype<usize>(archive));
}

/** The file whose name is the `size` bytes at `path`, exactly as in the archive but for a `./` in front; null if there is none. */
export function find(archive: Store, path: usize, size: u32): Entry | null {
  return findEntry(archive.table, path, size);
}

/**
 * Where the content of `entry` from `offset` on stands in memory, until the next peek() or read(): archive.peeked bytes of it, up to
 * the end of a chunk or of the file. 0 at the end of the file, with archive.peeked 0 too; or 0 with archive.peeked above 0 if the
 * device failed or what it gave is not what was packed.
 */
export function peek(archive: Store, entry: Entry, offset: u64): usize {
  if (offset >= entry.size) {
    archive.peeked = 0;
    return 0;
  }
  const at = entry.at + offset;
  const within = (<u32>at) & (CHUNK - 1);
  archive.peeked = <u32>min<u64>(CHUNK - within, entry.size - offset);
  const chunk = fetch(archive.cache, archive.device, archive.digests, at >> CHUNK_BITS);
  return chunk == 0 ? 0 : chunk + within;
}

/**
 * Copies up to `size` bytes of `entry` from `offset` on to `to`. The bytes copied, fewer than `size` only at the end of the file;
 * -1 if the device failed or what it gave is not what was packed.
 */
export function read(archive: Store, entry: Entry, offset: u64, to: usize, size: u32): i32 {
  let copied: u32 = 0;
  while (copied < size) {
    const from = peek(archive, entry, offset + copied);
    if (from == 0) {
      if (archive.peeked > 0) return -1;
      break;
    }
    const part = min(archive.peeked, size - copied);
    memory.copy(to + copied, from, part);
    copied += part;
  }
  return <i32>copied;
}
