// Entity tags (RFC 9110, 8.8.3): strong, of the content's digest and the coding, so that every coding has its own.
import { Entry } from '../store/store';
import { put, putByte, putHex } from '../text/put';
import { text } from '../text/text';
import { BROTLI, GZIP } from './encoding';
import * as fields from './fields';
import { HT, SP } from './octet';

/** Room for a tag with its quotes. */
export const ROOM: u32 = 24;

const AS_GZIP = text('-gzip"');
const AS_BROTLI = text('-br"');

/** Writes the tag of `entry`, which is what is sent in `coding`; returns where it ends. */
export function putTag(to: usize, entry: Entry, coding: u32): usize {
  to = putHex(putByte(to, 0x22), entry.tag, 16);
  if (coding == GZIP) return put(to, AS_GZIP);
  if (coding == BROTLI) return put(to, AS_BROTLI);
  return putByte(to, 0x22);
}

/** The octets of a tag between its quotes (etagc). */
@inline
function isTagOctet(octet: u32): bool {
  return octet == 0x21 || (octet >= 0x23 && octet != 0x7f);
}

/**
 * Whether the list of `size` octets at `at` has the tag of `tagSize` bytes at `tag`, or is `*`.
 * @param weak whether a weak tag of the list may match (8.8.3.2)
 */
export function listMatches(at: usize, size: u32, tag: usize, tagSize: u32, weak: bool): bool {
  const end = at + size;
  if (size == 1 && load<u8>(at) == 0x2a) return true;
  while (at < end) {
    while (at < end && (load<u8>(at) == SP || load<u8>(at) == HT || load<u8>(at) == 0x2c)) at++;
    const isWeak = end - at >= 2 && load<u8>(at) == 0x57 && load<u8>(at, 1) == 0x2f;
    if (isWeak) at += 2;
    if (at >= end || load<u8>(at) != 0x22) return false; // no list of tags from here on
    let last = at + 1;
    while (last < end && isTagOctet(load<u8>(last))) last++;
    if (last == end || load<u8>(last) != 0x22) return false;
    last++;
    const same = last - at == tagSize && memory.compare(at, tag, tagSize) == 0;
    if (same && (weak || !isWeak)) return true;
    at = last;
  }
  return false;
}

/** Whether one of the lines of `field` matches, as listMatches() says. */
export function fieldMatches(named: fields.Fields, field: u32, tag: usize, size: u32, weak: bool): bool {
  let line = fields.find(named, field);
  while (line != null) {
    if (listMatches(line.at, line.size, tag, size, weak)) return true;
    line = fields.find(named, field, fields.following(named, line));
  }
  return false;
}
