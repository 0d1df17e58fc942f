// Text as bytes: constants encoded once, at set-up, and comparing with them. Nothing is allocated later.

/** Bytes that stay where they are. */
@unmanaged
export class Text {
  at: usize;
  size: u32;
}

/** `words` in UTF-8, kept for good. */
export function text(words: string): Text {
  const made = new Text();
  made.size = String.UTF8.byteLength(words);
  made.at = heap.alloc(made.size);
  String.UTF8.encodeUnsafe(changetype<usize>(words), words.length, made.at);
  return made;
}

/** Whether the `size` bytes at `at` are exactly `word`. */
export function exactly(at: usize, size: u32, word: Text): bool {
  return size == word.size && memory.compare(at, word.at, size) == 0;
}

/** Whether the `size` bytes at `at` begin with `word`. */
export function begins(at: usize, size: u32, word: Text): bool {
  return exactly(at, min(size, word.size), word);
}
