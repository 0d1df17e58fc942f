/*
 * A generator made of ChaCha20's block function (RFC 8439, 2.3): its key is what there is of entropy, and each request replaces
 * the key, so that what was given out before cannot be found from the memory of now. See random.h.
 */
#include "random.h"

#include "platform.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_WORDS 16
#define KEY_WORDS 8

/* Times of the processor that are mixed in at the start. Each differs by some ticks from what could be foreseen. */
#define TIMES 256

/* Words asked of the processor at the start, and anew after so many bytes were given out. */
#define SEEDS 8
#define RESEED_BYTES (1u << 20)

/* So often is RDRAND or RDSEED asked again when it had none ready (Intel SDM vol. 1, 7.3.17). */
#define TRIES 16

static uint32_t key[KEY_WORDS];
static size_t until_reseed;

static uint64_t ticks(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static uint32_t rotate(uint32_t word, int by) {
    return word << by | word >> (32 - by);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d) {
    *d = rotate(*d ^ (*a += *b), 16);
    *b = rotate(*b ^ (*c += *d), 12);
    *d = rotate(*d ^ (*a += *b), 8);
    *b = rotate(*b ^ (*c += *d), 7);
}

/* One block of the key stream, for `low` and `high` in the places of counter and nonce. */
static void block(uint64_t low, uint64_t high, uint32_t out[BLOCK_WORDS]) {
    uint32_t start[BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}; /* "expand 32-byte k" */
    memcpy(start + 4, key, sizeof key);
    memcpy(start + 12, &low, sizeof low);
    memcpy(start + 14, &high, sizeof high);
    uint32_t x[BLOCK_WORDS];
    memcpy(x, start, sizeof x);
    for (int round = 0; round < 20; round += 2) {
        for (int i = 0; i < 4; i++)
            quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
        for (int i = 0; i < 4; i++)
            quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4], &x[12 + (i + 3) % 4]);
    }
    for (int i = 0; i < BLOCK_WORDS; i++)
        out[i] = x[i] + start[i];
}

/* Mixes what was learned into the key; nobody who does not know all of it knows the new key. */
static void mix(uint64_t low, uint64_t high) {
    uint32_t out[BLOCK_WORDS];
    block(low, high, out);
    memcpy(key, out, sizeof key);
}

/* CPUID.7.0:EBX.RDSEED and CPUID.1:ECX.RDRAND. */
static bool has_seed(void) {
    uint32_t eax = 0, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if (eax < 7)
        return false;
    eax = 7;
    ecx = 0;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ebx >> 18 & 1;
}

static bool has_random(void) {
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ecx >> 30 & 1;
}

/* A word of the processor's own generator; 0 if it has none. */
static uint64_t processor_word(bool seed, bool random) {
    uint64_t word = 0;
    bool good = false;
    for (int i = 0; i < TRIES && seed && !good; i++)
        __asm__ volatile("rdseed %0" : "=r"(word), "=@ccc"(good));
    for (int i = 0; i < TRIES && random && !good; i++)
        __asm__ volatile("rdrand %0" : "=r"(word), "=@ccc"(good));
    return good ? word : 0;
}

static void reseed(void) {
    static bool asked, seed, random;
    if (!asked) { /* CPUID leaves a virtual machine, which takes long */
        seed = has_seed();
        random = has_random();
        asked = true;
    }
    for (int i = 0; i < SEEDS; i++)
        mix(processor_word(seed, random), ticks());
    until_reseed = RESEED_BYTES;
}

void random_start(void) {
    for (int i = 0; i < TIMES; i++)
        mix(ticks(), (uint64_t)i);
    reseed();
}

/* Others restored from the same snapshot have the same key: the tender gives each a seed of its own. */
static uint64_t generation;

static void take_seed(void) {
    uint64_t word[4];
    const volatile struct notice *notice = platform_notice();
    generation = notice->generation;
    for (unsigned i = 0; i < sizeof notice->seed; i++)
        ((uint8_t *)word)[i] = notice->seed[i];
    mix(word[0], word[1]);
    mix(word[2], word[3]);
    memset(word, 0, sizeof word);
    reseed();
}

static void generate(uint8_t *bytes, size_t size) {
    uint32_t out[BLOCK_WORDS];
    for (uint64_t counter = 1; size > 0; counter++) {
        block(counter, 0, out);
        size_t part = size < sizeof out ? size : sizeof out;
        memcpy(bytes, out, part);
        bytes += part;
        size -= part;
        until_reseed = until_reseed > part ? until_reseed - part : 0;
    }
    memset(out, 0, sizeof out);
    if (until_reseed == 0)
        reseed();
    else
        mix(0, ticks());
}

/* Should the snapshot have been taken in between, what was generated is nobody's yet, and is generated anew. */
void random_bytes(void *to, size_t size) {
    do {
        if (platform_notice()->generation != generation)
            take_seed();
        generate(to, size);
    } while (platform_notice()->generation != generation);
}
