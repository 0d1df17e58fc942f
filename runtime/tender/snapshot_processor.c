/* What a processor can do, as far as a guest may have looked: CPUID's words of features. See snapshot.h. */
#include "errors.h"
#include "snapshot.h"

#include <string.h>

#define XSAVE SNAPSHOT_PROCESSOR_XSAVE

/* From this word on, who made it: they must be the same, as registers are laid out in memory as the maker likes. */
#define VENDOR 8

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/platform/x86.h>

/* Bits that say what the system does with the processor, not what it can do: OSXSAVE and OSPKE. */
#define OSXSAVE (1u << 27)
#define OSPKE (1u << 4)

/* What the system lets programs keep by XSAVE: XCR0. */
static uint32_t enabled(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* What libc has asked already is not asked again: in a virtual machine CPUID leaves it, which takes microseconds. */
void snapshot_processor(uint32_t words[SNAPSHOT_PROCESSOR_WORDS]) {
    enum { EAX, EBX, ECX, EDX };
    const unsigned *basic = __x86_get_cpuid_feature_leaf(CPUID_INDEX_1)->cpuid_array;
    const unsigned *structured = __x86_get_cpuid_feature_leaf(CPUID_INDEX_7)->cpuid_array;
    const unsigned *extended = __x86_get_cpuid_feature_leaf(CPUID_INDEX_80000001)->cpuid_array;
    uint32_t most;
    words[0] = basic[ECX] & ~OSXSAVE;
    words[1] = basic[EDX];
    words[2] = structured[EBX];
    words[3] = structured[ECX] & ~OSPKE;
    words[4] = structured[EDX];
    words[XSAVE] = basic[ECX] & OSXSAVE ? enabled() : 0;
    words[6] = extended[ECX];
    words[7] = extended[EDX];
    __cpuid(0, most, words[VENDOR], words[VENDOR + 1], words[VENDOR + 2]);
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
