/*
 * The guest's first page tables: all of its memory and the net ring behind it, each page at its own address. See hvt.h.
 *
 *   0x1000  segment descriptors          0x4000  4 page directories, 1 GiB each
 *   0x2000  page map level 4             0x8000  page table of the first 2 MiB
 *   0x3000  page directory pointers      0x9000  7 more page tables, to 0xffff
 *
 * Memory is mapped in pages of 2 MiB, but where an executable segment begins or ends within one: that one gets a page table
 * of its own, so that what is not code carries NX. What may be written, KVM enforces from the protection of the host's pages.
 */
#include "errors.h"
#include "hvt.h"

#include <string.h>

#define DIRECTORIES 0x4000ull
#define FIRST_TABLE 0x8000ull
#define TABLES_END 0x10000ull
#define POINTERS 0x3000ull

#define LARGE_PAGE 0x200000ull

/* Bits of an entry: Intel SDM vol. 3, tables 4-15 to 4-20. */
#define PRESENT 1ull
#define WRITABLE 2ull
#define LARGE 0x80ull
#define NX (1ull << 63)

static uint64_t *entries(const struct machine *machine, uint64_t table) {
    return (uint64_t *)(machine->memory + table);
}

enum code { CODE_NONE, CODE_ALL, CODE_MIXED };

/* Whether [start, end) lies in executable segments: not at all, wholly, or in part. */
static enum code code_in(const struct image *image, uint64_t start, uint64_t end) {
    enum code found = CODE_NONE;
    for (int i = 0; i < image->segment_count; i++) {
        const struct segment *segment = &image->segment[i];
        if (!(segment->access & ACCESS_EXECUTE) || segment->end <= start || segment->start >= end)
            continue;
        if (segment->start <= start && segment->end >= end)
            return CODE_ALL;
        found = CODE_MIXED;
    }
    return found;
}

/* One page table for the 2 MiB at `start`. */
static void write_table(const struct machine *machine, const struct image *image, uint64_t table, uint64_t start) {
    uint64_t *entry = entries(machine, table);
    for (uint64_t page = start; page < start + LARGE_PAGE; page += GUEST_PAGE_SIZE, entry++) {
        if (page < HVT_BOOT_INFO) /* the zero page, and these tables */
            *entry = 0;
        else if (page < GUEST_MIN_ADDRESS) /* what the tender tells the guest */
            *entry = page | NX | PRESENT;
        else
            *entry = page | (code_in(image, page, page + GUEST_PAGE_SIZE) == CODE_NONE ? NX : 0) | WRITABLE | PRESENT;
    }
}

int pages_write(const struct machine *machine, const struct image *image, struct refusal *why) {
    static const uint64_t descriptors[] = {0, 0x00af99000000ffffull, 0x00cf93000000ffffull};
    memcpy(machine->memory + PAGES_GDT, descriptors, sizeof descriptors);
    entries(machine, PAGES_ROOT)[0] = POINTERS | WRITABLE | PRESENT;
    for (uint64_t i = 0; i < 4; i++)
        entries(machine, POINTERS)[i] = (DIRECTORIES + i * GUEST_PAGE_SIZE) | WRITABLE | PRESENT;

    uint64_t table = FIRST_TABLE;
    uint64_t *directory = entries(machine, DIRECTORIES); /* the four follow one another */
    uint64_t end = machine->memory_size + (machine->ring != NULL ? HVT_RING_PAGES : 0);
    for (uint64_t start = 0; start < end; start += LARGE_PAGE, directory++) {
        enum code code = code_in(image, start, start + LARGE_PAGE);
        if (start > 0 && code != CODE_MIXED) {
            *directory = start | (code == CODE_NONE ? NX : 0) | LARGE | WRITABLE | PRESENT;
            continue;
        }
        if (table == TABLES_END)
            return fail(why, E_ELF_NX, image->file.name, 3);
        write_table(machine, image, table, start);
        *directory = table | WRITABLE | PRESENT;
        table += GUEST_PAGE_SIZE;
    }
    return 0;
}
