// Data of a module, smaller: strings of AssemblyScript are UTF-16, so that every second byte of their text is zero. It is undone by
// unpack() of runtime/guest/wasm_rt.c when the image starts.

// A packed run begins with a byte: its kind in the upper bits, how many there are less one in the lower ones.
/** That many bytes as they are. */
const BYTES = 0;
const BYTES_MAX = 128;
/** That many bytes, a zero after each. */
const WIDE = 128;
/** That many zeros. */
const ZEROS = 192;
const RUN_MAX = 64;

/** How many bytes from `at` on satisfy `has`, each `step` bytes behind the last. */
function run(bytes: readonly number[], at: number, step: number, has: (at: number) => boolean): number {
  let count = 0;
  while (count < RUN_MAX && at + count * step + step <= bytes.length && has(at + count * step)) count++;
  return count;
}

export function pack(bytes: readonly number[]): number[] {
  const packed: number[] = [];
  let plain: number[] = [];
  const flush = (): void => {
    for (let at = 0; at < plain.length; at += BYTES_MAX) {
      const part = plain.slice(at, at + BYTES_MAX);
      packed.push(BYTES + part.length - 1, ...part);
    }
    plain = [];
  };
  for (let at = 0; at < bytes.length;) {
    const zeros = run(bytes, at, 1, (i) => bytes[i] === 0);
    const wide = run(bytes, at, 2, (i) => bytes[i + 1] === 0);
    if (zeros > Math.max(wide, 2)) {
      flush();
      packed.push(ZEROS + zeros - 1);
      at += zeros;
    } else if (wide > 2) {
      flush();
      packed.push(WIDE + wide - 1);
      for (let i = 0; i < wide; i++) packed.push(bytes[at + 2 * i] ?? 0);
      at += 2 * wide;
    } else plain.push(bytes[at++] ?? 0);
  }
  flush();
  return packed;
}
