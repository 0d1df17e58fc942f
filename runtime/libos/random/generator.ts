// Numbers an outsider cannot guess from those he has seen: SipHash-2-4 of a counter under a secret key. What the key is, the
// caller says; with the same key the numbers are the same, which is how tests stay repeatable.
import { sipHashWord } from './siphash';

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
  return sipHashWord(generator.k0, generator.k1, generator.drawn++);
}

/** A number from 0 to `bound` - 1, `bound` at least 1; the bias is below bound / 2^64. */
@inline
export function below(generator: Generator, bound: u64): u64 {
  return next(generator) % bound;
}
