// Data of an image, smaller: strings of AssemblyScript are UTF-16, so that every second byte of their text is zero, and much is there more
// than once. It is undone by unpack() of runtime/guest/wasm_rt.c.

// A packed run begins with a byte: its kind and how long it is.
/** 1 to 128 bytes as they are. */
const BYTES = 0;
const BYTES_MAX = 128;
/** 1 to 64 bytes, a zero after each. */
const WIDE = 128;
const WIDE_MAX = 64;
/** 1 to 32 zeros. */
const ZEROS = 192;
const ZEROS_MAX = 32;
/** 5 to 36 bytes as they stand before: two bytes say how far before, the lower one first. */
const AGAIN = 224;
const AGAIN_MIN = 5;
const AGAIN_MAX = 36;
const FAR = 0xffff;
/** From so many bytes on it beats WIDE. */
const WORTH = 8;
/** How many of the places where the same bytes stand are looked at. */
const CANDIDATES = 100;

/** The longest run from `at` on that stands before, and how far. */
function find(
  bytes: readonly number[],
  at: number,
  places: readonly number[],
): { size: number; distance: number } {
  let size = 0;
  let distance = 0;
  for (const place of places.slice(-CANDIDATES)) {
    if (at - place > FAR) continue;
    let same = 0;
    while (same < AGAIN_MAX && at + same < bytes.length && bytes[place + same] === bytes[at + same]) same++;
    if (same > size) [size, distance] = [same, at - place];
    if (size === AGAIN_MAX) break;
  }
  return { size, distance };
}

/** How many times `step` bytes from `at` on end with a zero. */
function zeroed(bytes: readonly number[], at: number, step: number, most: number): number {
  let count = 0;
  while (count < most && bytes[at + count * step + step - 1] === 0) count++;
  return count;
}

export function pack(bytes: readonly number[]): number[] {
  const packed: number[] = [];
  let plain: number[] = [];
  const places = new Map<string, number[]>();
  const flush = (): void => {
    for (let at = 0; at < plain.length; at += BYTES_MAX) {
      const part = plain.slice(at, at + BYTES_MAX);
      packed.push(BYTES + part.length - 1, ...part);
    }
    plain = [];
  };
  const key = (at: number): string => bytes.slice(at, at + AGAIN_MIN).join();
  for (let at = 0; at < bytes.length;) {
    const zeros = zeroed(bytes, at, 1, ZEROS_MAX);
    const wide = zeroed(bytes, at, 2, WIDE_MAX);
    const again = find(bytes, at, places.get(key(at)) ?? []);
    let size = 1;
    if (again.size >= AGAIN_MIN && again.size > zeros && (wide <= 2 || again.size >= WORTH)) {
      flush();
      packed.push(AGAIN + again.size - AGAIN_MIN, again.distance & 255, again.distance >> 8);
      size = again.size;
    } else if (zeros > Math.max(wide, 2)) {
      flush();
      packed.push(ZEROS + zeros - 1);
      size = zeros;
    } else if (wide > 2) {
      flush();
      // Up to where something begins that stands before.
      let count = 1;
      while (count < wide) {
        const next = at + 2 * count;
        if (find(bytes, next, places.get(key(next)) ?? []).size >= WORTH) break;
        count++;
      }
      packed.push(WIDE + count - 1);
      for (let i = 0; i < count; i++) packed.push(bytes[at + 2 * i] ?? 0);
      size = 2 * count;
    } else plain.push(bytes[at] ?? 0);
    for (; size > 0; size--, at++) {
      const known = places.get(key(at));
      if (known) known.push(at);
      else places.set(key(at), [at]);
    }
  }
  flush();
  return packed;
}
