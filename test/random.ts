// Numbers and bytes that look random and are the same for the same seed (mulberry32), so that a test that fails fails again.

/** Numbers from 0 to below 1. */
export function fractions(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Whole numbers from 0 to below the bound of each call. */
export function seeded(seed: number): (below: number) => number {
  const fraction = fractions(seed);
  return (below) => Math.floor(fraction() * below);
}

/** `size` bytes. */
export function noise(size: number, seed = 1): Buffer {
  const next = seeded(seed);
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let i = 0; i < words.length; i++) words[i] = next(2 ** 32);
  return Buffer.from(words.buffer, 0, size);
}
