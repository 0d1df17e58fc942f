/* Random numbers for the fuzzers: a fixed sequence for a seed, on every machine. */
#ifndef KITTIWAKE_FUZZ_RANDOM_H
#define KITTIWAKE_FUZZ_RANDOM_H

#include <stdint.h>
#include <stdlib.h>

static uint64_t random_state;

/* The generator's state must not be zero. */
static inline void random_seed(const char *seed) {
    random_state = strtoull(seed, NULL, 10) * 2 + 1;
}

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016). */
static inline uint64_t random_next(void) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1dull;
}

/* From 0 to limit - 1. */
static inline uint64_t random_below(uint64_t limit) {
    return random_next() % limit;
}

#endif
