// Text on raw memory: constants encoded once, and a pen that writes them one after another.

/** Bytes that stay where they are. */
@unmanaged
export class Text {
  at: usize;
  size: u32;
}

/** `words` as UTF-8, kept for good: for constants at set-up. */
export function text(words: string): Text {
  const made = new Text();
  made.size = String.UTF8.byteLength(words);
  made.at = heap.alloc(made.size);
  String.UTF8.encodeUnsafe(changetype<usize>(words), words.length, made.at);
  return made;
}

/** Writes `words` to `to`; returns where they end. */
@inline
export function put(to: usize, words: Text): usize {
  memory.copy(to, words.at, words.size);
  return to + words.size;
}

/** Writes `size` bytes from `from` to `to`; returns where they end. */
@inline
export function putBytes(to: usize, from: usize, size: u32): usize {
  memory.copy(to, from, size);
  return to + size;
}

/** Writes `value` in decimal; returns where it ends. At most 20 bytes. */
export function putNumber(to: usize, value: u64): usize {
  let digits: u32 = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits++;
  const end = to + digits;
  let at = end;
  do {
    at--;
    store<u8>(at, <u8>(0x30 + (value % 10)));
    value /= 10;
  } while (at > to);
  return end;
}

/** Writes the low `digits` hexadecimal digits of `value`; returns where they end. */
export function putHex(to: usize, value: u64, digits: u32): usize {
  const end = to + digits;
  let at = end;
  while (at > to) {
    at--;
    const digit = <u32>value & 15;
    store<u8>(at, <u8>(digit < 10 ? 0x30 + digit : 0x57 + digit));
    value >>= 4;
  }
  return end;
}

/** Writes CR LF; returns where it ends. */
@inline
export function putLine(to: usize): usize {
  store<u16>(to, 0x0a0d);
  return to + 2;
}
