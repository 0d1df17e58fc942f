/* What a processor can do, as far as a guest may have looked: CPUID's words of features. See snapshot.h. */
#include "errors.h"
#include "snapshot.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* Bits that say what the system does with the processor, not what it can do: OSXSAVE and OSPKE. */
#define OSXSAVE (1u << 27)
#define OSPKE (1u << 4)

void snapshot_processor(uint32_t words[SNAPSHOT_PROCESSOR_WORDS]) {
    memset(words, 0, SNAPSHOT_PROCESSOR_WORDS * sizeof *words);
    uint32_t a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d)) {
        words[0] = c & ~OSXSAVE;
        words[1] = d;
    }
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        words[2] = b;
        words[3] = c & ~OSPKE;
        words[4] = d;
    }
    if (__get_cpuid(0, &a, &b, &c, &d)) { /* who made it */
        words[8] = b;
        words[9] = c;
        words[10] = d;
    }
    if (__get_cpuid_count(13, 0, &a, &b, &c, &d)) /* what XSAVE keeps */
        words[5] = a;
    if (__get_cpuid(0x80000001, &a, &b, &c, &d)) {
        words[6] = c;
        words[7] = d;
    }
}
#else
void snapshot_processor(uint32_t words[SNAPSHOT_PROCESSOR_WORDS]) {
    memset(words, 0, SNAPSHOT_PROCESSOR_WORDS * sizeof *words);
}
#endif

/* From this word on they must be the same: registers are laid out in memory as the maker likes. */
#define VENDOR 8

int snapshot_processor_check(const struct snapshot *snapshot, const char *name, struct refusal *why) {
    uint32_t here[SNAPSHOT_PROCESSOR_WORDS];
    snapshot_processor(here);
    for (unsigned i = 0; i < SNAPSHOT_PROCESSOR_WORDS; i++)
        if (i < VENDOR ? snapshot->processor[i] & ~here[i] : snapshot->processor[i] ^ here[i])
            return fail(why, E_SNAPSHOT_PROCESSOR, name, i, snapshot->processor[i] & ~here[i]);
    return 0;
}
