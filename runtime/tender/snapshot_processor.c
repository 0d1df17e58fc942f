/* What a processor can do, as far as a guest may have looked: CPUID's words of features. See snapshot.h. */
#include "errors.h"
#include "snapshot.h"

#include <string.h>

/* From this word on, who made it: they must be the same, as registers are laid out in memory as the maker likes. */
#define VENDOR 8

#if defined(__x86_64__)
#include <cpuid.h>

/* Bits that say what the system does with the processor, not what it can do: OSXSAVE and OSPKE. */
#define OSXSAVE (1u << 27)
#define OSPKE (1u << 4)

void snapshot_processor(uint32_t words[SNAPSHOT_PROCESSOR_WORDS]) {
    memset(words, 0, SNAPSHOT_PROCESSOR_WORDS * sizeof *words);
    /* Each leaf once: in a virtual machine CPUID leaves it, which takes microseconds. */
    uint32_t most, a, b, c, d;
    __cpuid(0, most, words[VENDOR], words[VENDOR + 1], words[VENDOR + 2]);
    __cpuid(1, a, b, c, d);
    words[0] = c & ~OSXSAVE;
    words[1] = d;
    if (most >= 7) {
        __cpuid_count(7, 0, a, b, c, d);
        words[2] = b;
        words[3] = c & ~OSPKE;
        words[4] = d;
    }
    if (most >= 13) { /* what XSAVE keeps */
        __cpuid_count(13, 0, a, b, c, d);
        words[5] = a;
    }
    __cpuid(0x80000001, a, b, c, d); /* there is one: it says that there is 64-bit code */
    words[6] = c;
    words[7] = d;
}
#else
void snapshot_processor(uint32_t words[SNAPSHOT_PROCESSOR_WORDS]) {
    memset(words, 0, SNAPSHOT_PROCESSOR_WORDS * sizeof *words);
}
#endif

int snapshot_processor_check(const struct snapshot *snapshot, const char *name, struct refusal *why) {
    uint32_t here[SNAPSHOT_PROCESSOR_WORDS];
    snapshot_processor(here);
    for (unsigned i = 0; i < SNAPSHOT_PROCESSOR_WORDS; i++)
        if (i < VENDOR ? snapshot->processor[i] & ~here[i] : snapshot->processor[i] ^ here[i])
            return fail(why, E_SNAPSHOT_PROCESSOR, name, i, snapshot->processor[i] & ~here[i]);
    return 0;
}
