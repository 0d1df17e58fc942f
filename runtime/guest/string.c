/*
 * Memory functions. memory.copy and memory.fill of a module come here, so they carry every byte a network service moves.
 * `rep movsb` and `rep stosb` are as fast as anything for long runs on processors that KVM runs on (ERMS), but not all of them
 * begin fast (FSRM): short runs go by words.
 */
#include <stdint.h>
#include <string.h>

/* From so many bytes on the string instruction is faster, or no slower. Measured on an AMD EPYC with FSRM. */
#define COPY_LONG 512
#define FILL_LONG 256

/* gcc makes one load or store of each, whatever the alignment. */
static uint64_t load_word(const uint8_t *from) {
    uint64_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
}

static void store_word(uint8_t *to, uint64_t word) {
    __builtin_memcpy(to, &word, sizeof word);
}

/* At most 16 bytes, all read before the first is written: two words that may overlap. */
static void copy_short(uint8_t *to, const uint8_t *from, size_t size) {
    if (size >= 8) {
        uint64_t first = load_word(from), last = load_word(from + size - 8);
        store_word(to, first);
        store_word(to + size - 8, last);
    } else if (size >= 4) {
        uint32_t first, last;
        __builtin_memcpy(&first, from, 4);
        __builtin_memcpy(&last, from + size - 4, 4);
        __builtin_memcpy(to, &first, 4);
        __builtin_memcpy(to + size - 4, &last, 4);
    } else if (size > 0) {
        uint8_t first = from[0], middle = from[size / 2], last = from[size - 1];
        to[0] = first;
        to[size / 2] = middle;
        to[size - 1] = last;
    }
}

static void copy_16(uint8_t *to, const uint8_t *from) {
    uint64_t low = load_word(from), high = load_word(from + 8);
    store_word(to, low);
    store_word(to + 8, high);
}

void *memmove(void *to, const void *from, size_t size) {
    uint8_t *destination = to;
    const uint8_t *source = from;
    if ((uintptr_t)to - (uintptr_t)from < size) {
        /* The end of `from` overlaps the beginning of `to`: backwards, where the string instruction is slow everywhere. */
        for (; size > 16; size -= 16)
            copy_16(destination + size - 16, source + size - 16);
    } else if (size >= COPY_LONG) {
        __asm__ volatile("rep movsb" : "+D"(destination), "+S"(source), "+c"(size) : : "memory");
    } else {
        for (; size > 16; size -= 16, destination += 16, source += 16)
            copy_16(destination, source);
    }
    copy_short(destination, source, size);
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    return memmove(to, from, size);
}

void *memset(void *to, int byte, size_t size) {
    uint8_t *destination = to;
    if (size >= FILL_LONG || size < 8) {
        __asm__ volatile("rep stosb" : "+D"(destination), "+c"(size) : "a"(byte) : "memory");
        return to;
    }
    uint64_t word = 0x0101010101010101u * (uint8_t)byte;
    store_word(destination + size - 8, word);
    for (; size > 8; size -= 8, destination += 8)
        store_word(destination, word);
    return to;
}

int memcmp(const void *a, const void *b, size_t size) {
    const uint8_t *left = a, *right = b;
    for (; size > 0; size--, left++, right++)
        if (*left != *right)
            return *left - *right;
    return 0;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

int strcmp(const char *a, const char *b) {
    while (*a != '\0' && *a == *b)
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}
