// The checksums of an archive: its first file, `.digests`, which the packing writes. It ends where a chunk of 16 KiB ends, and
// tells the checksum of every chunk behind it, so that each chunk read from the device can be checked before anything of it is
// served. All numbers are little endian:
//
//     0  "digests1"
//     8  u32 bytes of a chunk, 16384
//    12  u32 files behind this one
//    16  u64 bytes behind this file, up to the end of the archive; chunks are counted from here
//    24  for each file, in the order of the archive: u64 digest of its content (any; it becomes the ETag),
//        u32 CRC-32 of its name, its size as u64 and its time of modification as u64
//        for each chunk: u32 CRC-32, of what is there of it
//        zeros
//    -4  u32 CRC-32 of all of this before
import { text } from '../text/text';
import { Arena, roomIn, take } from './arena';
import { crc32 } from './crc32';
import { Device, readSectors } from './device';
import { Entry } from './entry';
import * as status from './status';

/** log2 of a chunk's bytes, and the bytes. */
export const CHUNK_BITS: u32 = 14;
export const CHUNK: u32 = 1 << CHUNK_BITS;

/** The name of the file. */
export const NAME = text('.digests');

const MAGIC: u64 = 0x3173747365676964; // "digests1"
const HEADER: u32 = 24;
const RECORD: u32 = 12;

@unmanaged
export class Digests {
  /** Where the files' records stand, and how many. */
  records: usize;
  files: u32;
  /** The first chunk with a checksum, and the byte behind the last one. */
  first: u64;
  end: u64;
  /** The chunks' checksums. */
  sums: usize;
}

/**
 * Reads the `size` bytes of `.digests` at `at` of the device into the arena; both are within the capacity.
 * @returns a status
 */
export function readDigests(digests: Digests, device: Device, arena: Arena, at: u64, size: u64): u32 {
  const mask = <u64>device.sector - 1;
  const from = at & ~mask;
  const wanted = ((at + size + mask) & ~mask) - from;
  if (size < HEADER + 4) return status.BAD_DIGESTS;
  if (wanted > roomIn(arena)) return status.TOO_MANY_FILES;
  const buffer = take(arena, <u32>wanted);
  if (!readSectors(device, from, buffer, <u32>wanted)) return status.DEVICE_FAILED;
  const table = buffer + <usize>(at - from);
  const bytes = <u32>size;
  if (load<u64>(table) != MAGIC || load<u32>(table, 8) != CHUNK) return status.BAD_DIGESTS;
  if (load<u32>(table + bytes - 4) != crc32(0, table, bytes - 4)) return status.BAD_DIGESTS;
  const begin = at + size;
  const covered = load<u64>(table, 16);
  if (covered > device.capacity - begin) return status.CUT;
  const chunks = (covered + (CHUNK - 1)) >> CHUNK_BITS;
  digests.files = load<u32>(table, 12);
  if ((begin & (CHUNK - 1)) != 0 || HEADER + <u64>digests.files * RECORD + (chunks << 2) + 4 > size) {
    return status.BAD_DIGESTS;
  }
  digests.records = table + HEADER;
  digests.first = begin >> CHUNK_BITS;
  digests.end = begin + covered;
  digests.sums = digests.records + digests.files * RECORD;
  return status.OK;
}

/** Whether `entry`, the file number `index` of the archive, is the one that was packed; it gets its digest as tag. */
export function claim(digests: Digests, index: u32, entry: Entry): bool {
  if (index >= digests.files) return false;
  const record = digests.records + index * RECORD;
  entry.tag = load<u64>(record);
  // Size and time stand one behind the other in an entry's record too.
  const name = crc32(0, entry.name, entry.nameSize);
  return load<u32>(record, 8) == crc32(name, changetype<usize>(entry) + offsetof<Entry>('size'), 16);
}

/** Whether the chunk number `chunk` of the device, which is not before the first and stands at `at`, is as it was packed. */
export function isIntact(digests: Digests, chunk: u64, at: usize): bool {
  const begin = chunk << CHUNK_BITS;
  if (begin >= digests.end) return false;
  const size = <u32>min<u64>(CHUNK, digests.end - begin);
  return load<u32>(digests.sums + ((<usize>(chunk - digests.first)) << 2)) == crc32(0, at, size);
}
