// Numbers an outsider cannot guess from those he has seen: SipHash-2-4 of a counter under a secret key. What the key is, the
// caller says; with the same key the numbers are the same, which is how tests stay repeatable.

@unmanaged
export class Generator {
  k0: u64;
  k1: u64;
  drawn: u64;
}

/** A generator; the two halves of the key are best drawn from the machine's entropy. Give it back with heap.free. */
export function open(k0: u64, k1: u64): Generator {
  const generator = new Generator();
  generator.k0 = k0;
  generator.k1 = k1;
  generator.drawn = 0;
  return generator;
}

/** 64 bits. */
export function next(generator: Generator): u64 {
  return sipHash(generator.k0, generator.k1, generator.drawn++);
}

/** A number from 0 to `bound` - 1, `bound` at least 1; the bias is below bound / 2^64. */
@inline
export function below(generator: Generator, bound: u64): u64 {
  return next(generator) % bound;
}

/** SipHash-2-4 (Aumasson and Bernstein, 2012) of the 8 bytes of `message`, little endian. */
export function sipHash(k0: u64, k1: u64, message: u64): u64 {
  let v0 = k0 ^ 0x736f6d6570736575;
  let v1 = k1 ^ 0x646f72616e646f6d;
  let v2 = k0 ^ 0x6c7967656e657261;
  let v3 = k1 ^ 0x7465646279746573;
  // Two rounds for each of the two words (the message, then its length in the top byte), four to finish.
  for (let round = 0; round < 8; round++) {
    if (round == 0) v3 ^= message;
    else if (round == 2) {
      v0 ^= message;
      v3 ^= LENGTH;
    } else if (round == 4) {
      v0 ^= LENGTH;
      v2 ^= 0xff;
    }
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
  return v0 ^ v1 ^ v2 ^ v3;
}

const LENGTH: u64 = (<u64>8) << 56;
