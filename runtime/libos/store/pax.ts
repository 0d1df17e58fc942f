// Extended headers (POSIX.1-2001, pax): records of the form "LENGTH KEY=VALUE\n", the length being the whole record's in decimal.
import { begins, exactly, text } from '../text/text';
import { NO_NUMBER } from './tar';

const PATH = text('path');
const SIZE = text('size');
const MODIFIED = text('mtime');
const SPARSE = text('GNU.sparse.');

/** What the records of one extended header say; the paths point into them. */
@unmanaged
export class Extended {
  path: usize;
  pathSize: u32;
  /** NO_NUMBER without. */
  size: u64;
  modified: u64;
  /** The content is not the file's, but what is between its holes. */
  sparse: bool;
}

export function reset(extended: Extended): void {
  extended.path = 0;
  extended.pathSize = 0;
  extended.size = NO_NUMBER;
  extended.modified = NO_NUMBER;
  extended.sparse = false;
}

/** The digits at `at`, at most 19; NO_NUMBER if there is none, or what follows is neither `end` nor a point. */
function decimal(at: usize, end: usize): u64 {
  const first = at;
  let value: u64 = 0;
  while (at < end && at - first < 19 && <u32>load<u8>(at) - 0x30 <= 9) {
    value = value * 10 + (load<u8>(at) - 0x30);
    at++;
  }
  return at > first && (at == end || load<u8>(at) == 0x2e) ? value : NO_NUMBER;
}

/** Reads `size` bytes of records at `at` into `extended`. False if they are malformed. */
export function readRecords(extended: Extended, at: usize, size: u32): bool {
  const end = at + size;
  while (at < end) {
    let length: u32 = 0;
    let key = at;
    while (key < end && key - at < 7 && <u32>load<u8>(key) - 0x30 <= 9) {
      length = length * 10 + (load<u8>(key) - 0x30);
      key++;
    }
    // A digit, a space, a key of one byte, '=' and '\n'.
    if (length < <u32>(key - at) + 4 || length > <u32>(end - at)) return false;
    const last = at + length - 1;
    if (load<u8>(key) != 0x20 || load<u8>(last) != 0x0a) return false;
    key++;
    let value = key;
    while (value < last && load<u8>(value) != 0x3d) value++;
    if (value == last) return false;
    if (!take(extended, key, <u32>(value - key), value + 1, last)) return false;
    at = last + 1;
  }
  return true;
}

function take(extended: Extended, key: usize, keySize: u32, value: usize, end: usize): bool {
  if (exactly(key, keySize, PATH)) {
    extended.path = value;
    extended.pathSize = <u32>(end - value);
  } else if (exactly(key, keySize, SIZE)) {
    extended.size = decimal(value, end);
    return extended.size != NO_NUMBER;
  } else if (exactly(key, keySize, MODIFIED)) {
    extended.modified = decimal(value, end); // fractions do not count; before 1970 is as if there were none
  } else if (begins(key, keySize, SPARSE)) {
    extended.sparse = true;
  }
  return true;
}
