/*
 * Which pages of guest memory are worth keeping: those the guest has touched, by /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst
 * of Linux), and those of a snapshot it was restored from, which are there without having been touched.
 */
#include "snapshot_output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PAGE_PRESENT (1ull << 63)
#define PAGE_SWAPPED (1ull << 62)

/* Pages between two extents that are rather kept than an extent begun: they are holes in the file, and each extent is one more mmap(2). */
#define GAP 64

#define ENTRIES 8192

/* Merges extents with gaps of at most `gap` pages between them. */
static uint32_t merge(struct snapshot_extent *extent, uint32_t count, uint32_t gap) {
    uint32_t last = 0;
    for (uint32_t i = 1; i < count; i++) {
        uint32_t end = extent[last].page + extent[last].pages;
        if (extent[i].page - end <= gap)
            extent[last].pages = extent[i].page + extent[i].pages - extent[last].page;
        else
            extent[++last] = extent[i];
    }
    return last + 1;
}

struct list {
    struct snapshot_extent extent[SNAPSHOT_EXTENTS];
    uint32_t count;
    uint32_t gap;
};

static void add(struct list *list, uint32_t page) {
    if (list->count > 0) {
        struct snapshot_extent *last = &list->extent[list->count - 1];
        if (page - (last->page + last->pages) <= list->gap) {
            last->pages = page + 1 - last->page;
            return;
        }
    }
    while (list->count == SNAPSHOT_EXTENTS) {
        list->gap *= 2;
        list->count = merge(list->extent, list->count, list->gap);
    }
    list->extent[list->count++] = (struct snapshot_extent){.page = page, .pages = 1};
}

int snapshot_extents(const struct snapshot_output *output, struct snapshot *snapshot) {
    static struct list list;
    static uint64_t entry[ENTRIES];
    list.count = 0;
    list.gap = GAP;
    uint64_t pages = snapshot->memory_size / GUEST_PAGE_SIZE;
    uint64_t first = output->at_zero / GUEST_PAGE_SIZE;
    uint32_t old = 0;
    for (uint64_t base = 0; base < pages; base += ENTRIES) {
        uint64_t count = pages - base < ENTRIES ? pages - base : ENTRIES;
        ssize_t size = (ssize_t)(count * sizeof *entry);
        ssize_t got = pread(output->pagemap, entry, (size_t)size, (off_t)((first + base) * sizeof *entry));
        if (got != size) {
            errno = got < 0 ? errno : EIO;
            return -1;
        }
        for (uint64_t i = 0; i < count; i++) {
            uint32_t page = (uint32_t)(base + i);
            while (old < snapshot->extent_count && snapshot->extent[old].page + snapshot->extent[old].pages <= page)
                old++;
            bool restored = old < snapshot->extent_count && page >= snapshot->extent[old].page;
            if (restored || (entry[i] & (PAGE_PRESENT | PAGE_SWAPPED)))
                add(&list, page);
        }
    }
    memset(snapshot->extent, 0, sizeof snapshot->extent);
    memcpy(snapshot->extent, list.extent, list.count * sizeof *list.extent);
    snapshot->extent_count = list.count;
    return 0;
}
