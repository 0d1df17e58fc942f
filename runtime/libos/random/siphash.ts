// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash that who does not know the key cannot predict. RFC 6528 asks for one.

let v0: u64 = 0;
let v1: u64 = 0;
let v2: u64 = 0;
let v3: u64 = 0;

@inline
function round(): void {
  v0 += v1;
  v1 = rotl(v1, 13) ^ v0;
  v0 = rotl(v0, 32);
  v2 += v3;
  v3 = rotl(v3, 16) ^ v2;
  v0 += v3;
  v3 = rotl(v3, 21) ^ v0;
  v2 += v1;
  v1 = rotl(v1, 17) ^ v2;
  v2 = rotl(v2, 32);
}

@inline
function absorb(word: u64): void {
  v3 ^= word;
  round();
  round();
  v0 ^= word;
}

const single: usize = memory.data(8);

/** The hash of one word. */
export function sipHashWord(key0: u64, key1: u64, word: u64): u64 {
  store<u64>(single, word);
  return sipHash(key0, key1, single, 1);
}

/** The hash of the `words` 64-bit words at `data`. */
export function sipHash(key0: u64, key1: u64, data: usize, words: u32): u64 {
  v0 = key0 ^ 0x736f6d6570736575;
  v1 = key1 ^ 0x646f72616e646f6d;
  v2 = key0 ^ 0x6c7967656e657261;
  v3 = key1 ^ 0x7465646279746573;
  for (let i: u32 = 0; i < words; i++) absorb(load<u64>(data + (i << 3)));
  absorb(<u64>(words << 3) << 56);
  v2 ^= 0xff;
  round();
  round();
  round();
  round();
  return v0 ^ v1 ^ v2 ^ v3;
}
