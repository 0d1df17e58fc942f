// From the path of a request to a name in the archive: the only place that turns what a stranger sent into a name.
import { put, putHex } from '../text/put';
import { text, Text } from '../text/text';
import { HEX, hexValue, is, PATH } from './octet';

/** Bytes of a name; a path that decodes to more is not found. */
export const LONGEST: u32 = 1024;

// What a path turned out to be.
export const FILE: u32 = 0;
/** It ends with a slash, or is the root. */
export const FOLDER: u32 = 1;
export const MALFORMED: u32 = 2;
/** Well-formed, but nothing that could be in a site. */
export const NOWHERE: u32 = 3;

const WELL_KNOWN = text('.well-known');

@unmanaged
export class Path {
  kind: u32;
  /** The name, decoded and without dot segments, with no slash before it; of a folder with its last slash. */
  at: usize;
  size: u32;
}

/** A path with room for the name and what may be added to it. */
export function makePath(): Path {
  const path = new Path();
  path.at = heap.alloc(LONGEST + 64);
  return path;
}

/** Whether the name has a segment that begins with a dot; those are not served but for `.well-known/` (RFC 8615). */
function isHidden(at: usize, size: u32): bool {
  let first = true;
  for (let i: u32 = 0; i < size; i++) {
    if (first && load<u8>(at + i) == 0x2e) {
      const known =
        i == 0 &&
        size > WELL_KNOWN.size &&
        memory.compare(at, WELL_KNOWN.at, WELL_KNOWN.size) == 0 &&
        load<u8>(at + WELL_KNOWN.size) == 0x2f;
      if (!known) return true;
    }
    first = load<u8>(at + i) == 0x2f;
  }
  return false;
}

/** Whether the segment of `size` bytes at `at` is one dot or two. */
function isDots(at: usize, size: u32): bool {
  return size > 0 && size <= 2 && load<u8>(at) == 0x2e && load<u8>(at + size - 1) == 0x2e;
}

/** Where the segment before the one that begins at `start` begins. */
function parentOf(at: usize, start: u32): u32 {
  let parent = start - 1;
  while (parent > 0 && load<u8>(at + parent - 1) != 0x2f) parent--;
  return parent;
}

/**
 * Decodes the path of `size` octets at `raw`, which begins with a slash or is empty, and resolves its dot segments (RFC 3986, 5.2.4).
 * @returns what it is, as in `path.kind`
 */
export function readPath(path: Path, raw: usize, size: u32): u32 {
  path.kind = decode(path, raw + min(size, 1), raw + size);
  if (path.kind < MALFORMED && isHidden(path.at, path.size)) path.kind = NOWHERE;
  return path.kind;
}

function decode(path: Path, raw: usize, end: usize): u32 {
  const name = path.at;
  let size: u32 = 0;
  let start: u32 = 0;
  while (true) {
    const ended = raw == end;
    let octet: u32 = ended ? 0x2f : load<u8>(raw);
    raw++;
    if (octet == 0x2f) {
      const length = size - start;
      if (isDots(name + start, length)) {
        if (length == 2 && start == 0) return MALFORMED; // out of the site
        if (length == 2) start = parentOf(name, start);
        size = start;
      } else if (!ended) {
        if (length == 0) return NOWHERE; // names have no empty segments
        store<u8>(name + size, 0x2f);
        size++;
        start = size;
      }
      if (!ended) continue;
      path.size = size;
      return size == start ? FOLDER : FILE;
    }
    if (octet == 0x25) {
      if (end - raw < 2 || !is(load<u8>(raw), HEX) || !is(load<u8>(raw, 1), HEX)) return MALFORMED;
      octet = (hexValue(load<u8>(raw)) << 4) | hexValue(load<u8>(raw, 1));
      raw += 2;
      if (octet == 0) return MALFORMED;
      if (octet == 0x2f) return NOWHERE; // a slash that does not divide is in no name
    }
    if (octet < 0x20 || octet == 0x7f || octet == 0x5c || size >= LONGEST) return NOWHERE;
    store<u8>(name + size, <u8>octet);
    size++;
  }
}

/** Writes the name as a path with its first slash, encoded where it must be; returns where it ends. At most 3 * LONGEST + 1 bytes. */
export function putPath(to: usize, path: Path): usize {
  store<u8>(to++, 0x2f);
  for (let i: u32 = 0; i < path.size; i++) {
    const octet = <u32>load<u8>(path.at + i);
    if (is(octet, PATH)) store<u8>(to++, <u8>octet);
    else {
      store<u8>(to, 0x25);
      to = putHex(to + 1, octet, 2);
    }
  }
  return to;
}

/** Adds `words`, at most 64 bytes, to the name; the caller may take them off again by setting `size`. */
export function append(path: Path, words: Text): void {
  put(path.at + path.size, words);
  path.size += words.size;
}
