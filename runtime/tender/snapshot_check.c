/* Reading a snapshot: every field is checked before anything is done with it. See snapshot.h. */
#include "errors.h"
#include "manifest.h"
#include "snapshot.h"

#include <string.h>

#define MIB (1024ull * 1024)

/* FNV-1a by words instead of bytes: it finds accidents; against malice every field is checked. */
static uint64_t add_words(uint64_t sum, const void *bytes, size_t size) {
    const uint64_t *word = bytes;
    for (size_t i = 0; i < size / sizeof *word; i++)
        sum = (sum ^ word[i]) * 0x100000001b3ull;
    return sum;
}

uint64_t snapshot_checksum(const struct snapshot *snapshot) {
    const size_t from = offsetof(struct snapshot, memory_size), to = offsetof(struct snapshot, extent);
    static_assert(offsetof(struct snapshot, checksum) + sizeof(uint64_t) == offsetof(struct snapshot, memory_size) && offsetof(struct snapshot, extent) % sizeof(uint64_t) == 0,
                  "whole words, and the checksum is not among them");
    uint64_t sum = add_words(0xcbf29ce484222325ull, snapshot, offsetof(struct snapshot, checksum));
    sum = add_words(sum, (const uint8_t *)snapshot + from, to - from);
    sum = add_words(sum, snapshot->extent, snapshot->extent_count * sizeof *snapshot->extent);
    return add_words(sum, snapshot->machine, snapshot->machine_size);
}

static const char *const target_names[] = {[ABI_HVT] = "hvt", [ABI_SPT] = "spt"};

static int check_kind(const struct snapshot *snapshot, const struct file *file, const struct target *target, struct refusal *why) {
    if (memcmp(snapshot->magic, "\177ELF", 4) == 0)
        return fail(why, E_SNAPSHOT_IMAGE, file->name);
    if (memcmp(snapshot->magic, SNAPSHOT_MAGIC, sizeof snapshot->magic) != 0)
        return fail(why, E_SNAPSHOT_MAGIC, file->name);
    if (snapshot->version != SNAPSHOT_VERSION)
        return fail(why, E_SNAPSHOT_VERSION, file->name, snapshot->version, SNAPSHOT_VERSION);
    if (snapshot->target != target->abi && (snapshot->target == ABI_HVT || snapshot->target == ABI_SPT))
        return fail(why, E_SNAPSHOT_TARGET, file->name, target_names[snapshot->target], target->name, target_names[snapshot->target]);
    return 0;
}

/* The loader's rules for segments that have bytes in the file. */
static const char *wrong_segments(const struct snapshot *snapshot) {
    if (snapshot->segment_count > IMAGE_MAX_HEADERS)
        return "too many segments";
    uint64_t before = GUEST_MIN_ADDRESS;
    for (unsigned i = 0; i < snapshot->segment_count; i++) {
        const struct snapshot_segment *segment = &snapshot->segment[i];
        if (segment->start < before || segment->end <= segment->start || segment->end > snapshot->memory_size)
            return "a segment lies outside memory, or over another";
        if (segment->start % GUEST_PAGE_SIZE != 0 || segment->end % GUEST_PAGE_SIZE != 0)
            return "a segment does not begin and end on pages";
        if (segment->access & ~(uint32_t)(ACCESS_READ | ACCESS_WRITE | ACCESS_EXECUTE))
            return "a segment has an unknown access";
        if ((segment->access & ACCESS_WRITE) && (segment->access & ACCESS_EXECUTE))
            return "a segment is writable and executable at once";
        before = segment->end;
    }
    return NULL;
}

static const char *wrong_extents(const struct snapshot *snapshot, uint64_t first, uint64_t *pages) {
    uint64_t before = first / GUEST_PAGE_SIZE;
    *pages = 0;
    for (unsigned i = 0; i < snapshot->extent_count; i++) {
        const struct snapshot_extent *extent = &snapshot->extent[i];
        uint64_t end = (uint64_t)extent->page + extent->pages;
        if (extent->page < before || extent->pages == 0 || end > snapshot->memory_size / GUEST_PAGE_SIZE)
            return "an extent lies outside memory, or over another";
        *pages += extent->pages;
        before = end;
    }
    return NULL;
}

/* What a tender writes into a manifest, and no more. */
static const char *wrong_devices(const struct mft *manifest) {
    for (unsigned handle = 0; handle < manifest->entries && handle < MFT_MAX_ENTRIES; handle++) {
        const struct mft_entry *entry = &manifest->e[handle];
        bool device = entry->type == MFT_NET_BASIC || entry->type == MFT_BLOCK_BASIC;
        if (entry->attached != device)
            return "a device is marked wrongly";
        if (entry->type == MFT_NET_BASIC && (entry->u.net.mac[0] & 1))
            return "a device has a multicast MAC address";
        uint16_t sector = entry->u.block.block_size;
        if (entry->type == MFT_BLOCK_BASIC &&
            (sector < 512 || sector > 32768 || (sector & (sector - 1)) != 0 || entry->u.block.capacity == 0 || entry->u.block.capacity % sector != 0))
            return "a device has an impossible size";
    }
    return NULL;
}

static int check_manifest(const struct snapshot *snapshot, const char *name, struct refusal *why) {
    const char *wrong = wrong_devices(&snapshot->manifest);
    if (wrong != NULL)
        return fail(why, E_SNAPSHOT_MALFORMED, name, wrong);
    static struct mft plain; /* as it was in the image */
    uint32_t entries = snapshot->manifest.entries;
    if (entries > MFT_MAX_ENTRIES)
        return fail(why, E_MFT_MALFORMED, name, "it has not 1 to 64 entries");
    memcpy(&plain, &snapshot->manifest, MFT_SIZE(entries));
    for (unsigned handle = 0; handle < entries; handle++)
        plain.e[handle].attached = 0;
    return manifest_check(&plain, (uint32_t)MFT_SIZE(entries), name, why);
}

/* Of the arrays at the end only what is used: the rest would be most of the work of a restore. */
static int read_head(const struct file *file, const struct target *target, struct snapshot *snapshot, struct refusal *why) {
    const size_t fixed = offsetof(struct snapshot, extent);
    if (file->size < sizeof snapshot->magic)
        return fail(why, E_SNAPSHOT_MAGIC, file->name);
    uint64_t size = file->size < fixed ? file->size : fixed;
    if (file_read(file, snapshot, size, 0, "head", why) != 0 || check_kind(snapshot, file, target, why) != 0)
        return -1;
    if (file->size < SNAPSHOT_HEAD)
        return fail(why, E_SNAPSHOT_CUT, file->name, (unsigned long long)file->size, (unsigned long long)SNAPSHOT_HEAD);
    if (snapshot->extent_count > SNAPSHOT_EXTENTS)
        return fail(why, E_SNAPSHOT_MALFORMED, file->name, "too many extents");
    if (snapshot->machine_size > SNAPSHOT_MACHINE_SIZE || snapshot->machine_size % sizeof(uint64_t) != 0)
        return fail(why, E_SNAPSHOT_MALFORMED, file->name, "its machine has an impossible size");
    if (file_read(file, snapshot->extent, snapshot->extent_count * sizeof *snapshot->extent, fixed, "head", why) != 0)
        return -1;
    return file_read(file, snapshot->machine, snapshot->machine_size, offsetof(struct snapshot, machine), "head", why);
}

int snapshot_read(const struct file *file, const struct target *target, struct snapshot *snapshot, struct refusal *why) {
    if (read_head(file, target, snapshot, why) != 0)
        return -1;
    if (snapshot->checksum != snapshot_checksum(snapshot))
        return fail(why, E_SNAPSHOT_DAMAGED, file->name);

    const char *wrong = NULL;
    uint64_t pages = 0;
    if (snapshot->target != target->abi)
        wrong = "an unknown target";
    else if (snapshot->memory_size % MIB != 0 || snapshot->memory_size == 0 || snapshot->memory_size / GUEST_PAGE_SIZE > UINT32_MAX)
        wrong = "an impossible memory size";
    else if (snapshot->kernel_end < GUEST_MIN_ADDRESS || snapshot->kernel_end > snapshot->memory_size)
        wrong = "the image ends outside memory";
    else if (snapshot->exec_heap > 1 || (snapshot->exec_heap && target->abi != ABI_SPT))
        wrong = "an impossible heap";
    if (wrong == NULL)
        wrong = wrong_segments(snapshot);
    if (wrong == NULL)
        wrong = wrong_extents(snapshot, target->abi == ABI_SPT ? SPT_MEMORY_START : 0, &pages);
    if (wrong != NULL)
        return fail(why, E_SNAPSHOT_MALFORMED, file->name, wrong);
    if (check_manifest(snapshot, file->name, why) != 0)
        return -1;
    uint64_t end = SNAPSHOT_HEAD + pages * GUEST_PAGE_SIZE;
    if (file->size != end)
        return fail(why, E_SNAPSHOT_CUT, file->name, (unsigned long long)file->size, (unsigned long long)end);
    return 0;
}
