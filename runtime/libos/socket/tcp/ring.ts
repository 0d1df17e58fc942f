// Bytes of a stream, by their sequence numbers: the byte with the number s lies at s modulo the ring's size, a power of two. Nothing
// moves when the front is consumed, and data that came out of order lies where it belongs already.

@unmanaged
export class Ring {
  /** 0 while it has no memory. */
  bytes: usize = 0;
  size: u32 = 0;

  @inline
  at(sequence: u32): usize {
    return this.bytes + (sequence & (this.size - 1));
  }

  /** Bytes from `sequence` on that lie in one piece, at most `limit`. */
  @inline
  run(sequence: u32, limit: u32): u32 {
    return min(limit, this.size - (sequence & (this.size - 1)));
  }

  /** Copies `size` bytes in. */
  write(sequence: u32, from: usize, size: u32): void {
    const first = this.run(sequence, size);
    memory.copy(this.at(sequence), from, first);
    if (first < size) memory.copy(this.bytes, from + first, size - first);
  }

  /** Copies `size` bytes out. */
  read(sequence: u32, to: usize, size: u32): void {
    const first = this.run(sequence, size);
    memory.copy(to, this.at(sequence), first);
    if (first < size) memory.copy(to + first, this.bytes, size - first);
  }

  /** Moves to `bytes`, of `size` bytes, with the `used` bytes from `start` on; the old memory is given back. */
  move(bytes: usize, size: u32, start: u32, used: u32): void {
    const old = this.bytes;
    const oldSize = this.size;
    this.bytes = bytes;
    this.size = size;
    if (old == 0) return;
    for (let done: u32 = 0; done < used; ) {
      const from = (start + done) & (oldSize - 1);
      const piece = min(used - done, oldSize - from);
      this.write(start + done, old + from, piece);
      done += piece;
    }
    heap.free(old);
  }
}
