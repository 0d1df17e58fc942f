// The store with handles for the tests: the device is the test's own function.
import '../../../runtime/libos/guest';
import * as tested from '../../../runtime/libos/store/store';
import { crc32 as checksum } from '../../../runtime/libos/store/crc32';

declare function readDevice(offset: u64, to: usize, size: u32): bool;

function readSectors(offset: u64, to: usize, size: u32): bool {
  return readDevice(offset, to, size);
}

/** Where tests put names and find what was read. */
export const buffer: usize = heap.alloc(1 << 20);

export function open(capacity: u64, sector: u32, budget: u32): tested.Store {
  return tested.open(readSectors, capacity, sector, budget);
}

export function close(archive: tested.Store): void {
  tested.close(archive);
}

export function status(archive: tested.Store): u32 {
  return archive.status;
}

export function words(archive: tested.Store): string {
  return tested.words(archive);
}

export function files(archive: tested.Store): u32 {
  return archive.files;
}

export function skipped(archive: tested.Store): u32 {
  return archive.skipped;
}

export function checksummed(archive: tested.Store): bool {
  return archive.digests != null;
}

export function slots(archive: tested.Store): u32 {
  return archive.cache.count;
}

export function misses(archive: tested.Store): u64 {
  return archive.cache.misses;
}

export function corrupt(archive: tested.Store): u64 {
  return archive.cache.corrupt;
}

/** The entry whose name is in the buffer. */
export function find(archive: tested.Store, size: u32): tested.Entry | null {
  return tested.find(archive, buffer, size);
}

export function size(entry: tested.Entry): u64 {
  return entry.size;
}

export function modified(entry: tested.Entry): u64 {
  return entry.modified;
}

export function tag(entry: tested.Entry): u64 {
  return entry.tag;
}

export function gzip(entry: tested.Entry): tested.Entry | null {
  return entry.gzip;
}

export function brotli(entry: tested.Entry): tested.Entry | null {
  return entry.brotli;
}

/** Reads into the buffer. */
export function read(archive: tested.Store, entry: tested.Entry, offset: u64, size: u32): i32 {
  return tested.read(archive, entry, offset, buffer, size);
}

export function peek(archive: tested.Store, entry: tested.Entry, offset: u64): usize {
  return tested.peek(archive, entry, offset);
}

export function peeked(archive: tested.Store): u32 {
  return archive.peeked;
}

export function crc32(size: u32): u32 {
  return checksum(0, buffer, size);
}

/** Pages of memory, which the store must not make more. */
export function pages(): i32 {
  return memory.size();
}
