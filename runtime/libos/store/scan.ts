// Goes through the headers of an archive once and makes an entry for every file.
import { exactly } from '../text/text';
import { take } from './arena';
import { show, Window } from './device';
import { CHUNK, claim, Digests, NAME as DIGESTS, readDigests } from './digests';
import { Entry, newEntry } from './entry';
import { Extended, readRecords, reset } from './pax';
import * as status from './status';
import { Store } from './store';
import * as tar from './tar';

/** Bytes of the longest name, and of the longest extended header. */
export const NAME_MAX: u32 = 1024;
export const EXTENDED_MAX: u32 = CHUNK;

/** What an extended header or a long name says about the entry that follows; its texts are copied, since they outlive the window. */
@unmanaged
class Ahead {
  extended!: Extended;
  name: usize;
  /** 0: none. */
  nameSize: u32;
  /** Where names are put together. */
  scratch: usize;
}

/** Makes the entries of `archive`, whose headers are read through `window`. A status; what is wrong is at archive.problemAt. */
export function scan(archive: Store, window: Window): u32 {
  const ahead = new Ahead();
  ahead.extended = new Extended();
  ahead.name = heap.alloc(NAME_MAX);
  ahead.scratch = heap.alloc(NAME_MAX);
  reset(ahead.extended);
  ahead.nameSize = 0;
  const result = scanEntries(archive, window, ahead);
  heap.free(ahead.scratch);
  heap.free(ahead.name);
  heap.free(changetype<usize>(ahead.extended));
  heap.free(changetype<usize>(ahead));
  return result;
}

function scanEntries(archive: Store, window: Window, ahead: Ahead): u32 {
  const capacity = archive.device.capacity;
  let at: u64 = 0;
  while (true) {
    archive.problemAt = at;
    if (capacity - at < tar.BLOCK) return at == 0 ? status.NO_ARCHIVE : status.CUT;
    const header = show(window, at, tar.BLOCK);
    if (header == 0) return status.DEVICE_FAILED;
    if (tar.isZero(header)) break;
    if (!tar.isValid(header)) return at == 0 ? status.NO_ARCHIVE : status.BAD_CHECKSUM;
    const type = tar.type(header);
    let size = tar.hasContent(type) ? tar.size(header) : 0;
    if (type == tar.FILE && ahead.extended.size != tar.NO_NUMBER) size = ahead.extended.size;
    if (size == tar.NO_NUMBER) return status.BAD_HEADER;
    const content = at + tar.BLOCK;
    if (size > capacity - content) return status.CUT;
    const result = takeEntry(archive, window, ahead, header, type, content, size);
    if (result != status.OK) return result;
    at = content + ((size + (tar.BLOCK - 1)) & ~(<u64>tar.BLOCK - 1)); // not beyond the capacity, which is of whole blocks
  }
  const digests = archive.digests;
  if (digests != null && archive.files != digests.files) return status.ALTERED;
  return archive.files == 0 ? status.NO_FILES : status.OK;
}

/** Takes one entry: its header is in the window, its content of `size` bytes at `content` of the device. */
function takeEntry(
  archive: Store,
  window: Window,
  ahead: Ahead,
  header: usize,
  type: u32,
  content: u64,
  size: u64,
): u32 {
  if (type == tar.PAX) return readExtended(window, ahead, content, size);
  if (type == tar.LONG_NAME) return readLongName(window, ahead, content, size);
  if (type == tar.PAX_GLOBAL || type == tar.LONG_LINK) return status.OK;
  const extended = ahead.extended;
  let result = status.OK;
  if (type == tar.SPARSE || extended.sparse) result = status.SPARSE_FILE;
  else if (type == tar.FILE) {
    if (ahead.nameSize == 0) {
      ahead.nameSize = tar.name(header, ahead.scratch);
      memory.copy(ahead.name, ahead.scratch, ahead.nameSize);
    }
    const modified = extended.modified != tar.NO_NUMBER ? extended.modified : tar.modified(header);
    result = takeFile(archive, ahead, content, size, modified == tar.NO_NUMBER ? 0 : modified);
  } else archive.skipped++;
  reset(extended);
  ahead.nameSize = 0;
  return result;
}

function readExtended(window: Window, ahead: Ahead, content: u64, size: u64): u32 {
  if (size > EXTENDED_MAX) return status.HEADER_TOO_LONG;
  const records = show(window, content, <u32>size);
  if (records == 0) return status.DEVICE_FAILED;
  const extended = ahead.extended;
  if (!readRecords(extended, records, <u32>size)) return status.BAD_HEADER;
  return extended.path == 0 ? status.OK : keepName(ahead, extended.path, extended.pathSize);
}

function readLongName(window: Window, ahead: Ahead, content: u64, size: u64): u32 {
  if (size > NAME_MAX + 1) return status.NAME_TOO_LONG; // with the zero byte at its end
  const name = show(window, content, <u32>size);
  if (name == 0) return status.DEVICE_FAILED;
  let used = <u32>size;
  while (used > 0 && load<u8>(name + used - 1) == 0) used--;
  return keepName(ahead, name, used);
}

function keepName(ahead: Ahead, name: usize, size: u32): u32 {
  if (size > NAME_MAX) return status.NAME_TOO_LONG;
  if (size == 0) return status.BAD_NAME;
  memory.copy(ahead.name, name, size);
  ahead.nameSize = size;
  return status.OK;
}

function takeFile(archive: Store, ahead: Ahead, at: u64, size: u64, modified: u64): u32 {
  let name = ahead.name;
  const end = name + ahead.nameSize;
  while (end - name >= 2 && load<u16>(name) == 0x2f2e) name += 2; // "./", as tar -C FOLDER . writes it
  if (end > name && load<u8>(end - 1) == 0x2f) return status.OK; // a folder, as tar wrote them before POSIX
  const bad = checkName(name, end);
  if (bad != status.OK) return bad;
  if (archive.files == 0 && archive.digests == null && exactly(name, <u32>(end - name), DIGESTS)) {
    return takeDigests(archive, at, size);
  }
  const entry = newEntry(archive.arena, name, <u32>(end - name));
  if (entry == null) return status.TOO_MANY_FILES;
  entry.at = at;
  entry.size = size;
  entry.modified = modified;
  const digests = archive.digests;
  if (digests == null) entry.tag = plainTag(entry);
  else if (!claim(digests, archive.files, entry)) return status.ALTERED;
  archive.files++;
  return status.OK;
}

function takeDigests(archive: Store, at: u64, size: u64): u32 {
  const digests = changetype<Digests>(take(archive.arena, offsetof<Digests>()));
  if (changetype<usize>(digests) == 0) return status.TOO_MANY_FILES;
  archive.digests = digests;
  const result = readDigests(digests, archive.device, archive.arena, at, size);
  archive.entries = archive.arena.next;
  return result;
}

/** Spreads the bits of time and size, which change when a file does. */
function plainTag(entry: Entry): u64 {
  return (entry.modified * 0x9e3779b97f4a7c15) ^ (entry.size * 0xc2b2ae3d27d4eb4f);
}

/** Refuses names that are no relative path, or lead upwards. */
function checkName(name: usize, end: usize): u32 {
  if (name == end) return status.BAD_NAME;
  if (load<u8>(name) == 0x2f) return status.ABSOLUTE_NAME;
  let segment = name;
  for (let at = name; at <= end; at++) {
    const byte = at == end ? 0x2f : <u32>load<u8>(at);
    if (byte == 0) return status.BAD_NAME;
    if (byte != 0x2f) continue;
    if (at - segment == 2 && load<u16>(segment) == 0x2e2e) return status.UPWARD_NAME;
    segment = at + 1;
  }
  return status.OK;
}
