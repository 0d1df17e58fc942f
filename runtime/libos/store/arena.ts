// One block of memory that is given out from its start and taken back as a whole: it bounds what a store can use.

@unmanaged
export class Arena {
  start: usize;
  next: usize;
  end: usize;
}

/** An arena of `size` bytes. */
export function newArena(size: u32): Arena {
  const arena = new Arena();
  arena.start = heap.alloc(size);
  arena.next = arena.start;
  arena.end = arena.start + size;
  return arena;
}

export function freeArena(arena: Arena): void {
  heap.free(arena.start);
  heap.free(changetype<usize>(arena));
}

/** Bytes that can still be taken. */
export function roomIn(arena: Arena): u32 {
  return <u32>(arena.end - arena.next);
}

/** `size` bytes, aligned to 8 and not cleared; 0 if there is no room for them. */
export function take(arena: Arena, size: u32): usize {
  const room = roomIn(arena);
  if (size > room) return 0;
  const at = arena.next;
  arena.next = min(arena.end, at + ((<usize>size + 7) & ~7));
  return at;
}
