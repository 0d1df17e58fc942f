/* From a snapshot to a guest that can go on: what an image would have said, its devices, its memory. See snapshot.h. */
#include "errors.h"
#include "manifest.h"
#include "snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A guest that would not notice is refused what it could not take up, and warned of what it shares with its like. */
static int check_deaf(const struct snapshot *snapshot, const struct options *options, const char *name, struct refusal *why) {
    if (snapshot->features & FEATURE_NOTICE)
        return 0;
    for (unsigned i = 0; i < options->net_count; i++)
        if (options->net[i].has_mac)
            return fail(why, E_SNAPSHOT_DEAF, name, "MAC address", "'--net-mac'");
    if (options->has_arguments)
        return fail(why, E_SNAPSHOT_DEAF, name, "arguments", "'--' and what follows it");
    char line[512];
    snprintf(line, sizeof line,
             "%s: its guest does not understand that it was restored: it has the random numbers and addresses of all others that are "
             "restored from it; run one at a time",
             name);
    report(snapshot->target == ABI_HVT ? "kittiwake-hvt" : "kittiwake-spt", line);
    return 0;
}

/* Sectors that are not given are those the guest knows. */
static void take_sectors(const struct snapshot *snapshot, struct options *options) {
    for (unsigned i = 0; i < options->block_count; i++) {
        unsigned handle = manifest_find(&snapshot->manifest, options->block[i].name);
        if (options->block[i].sector == 0 && handle != 0 && snapshot->manifest.e[handle].type == MFT_BLOCK_BASIC)
            options->block[i].sector = snapshot->manifest.e[handle].u.block.block_size;
    }
}

int snapshot_open(const struct file *file, const struct target *target, struct options *options, struct snapshot *snapshot,
                  struct image *image, struct refusal *why) {
    if (flock(file->fd, LOCK_SH | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? fail(why, E_SNAPSHOT_BUSY, file->name) : fail(why, E_HOST, file->name, strerror(errno), "copy it to a local disk");
    if (snapshot_read(file, target, snapshot, why) != 0 || snapshot_processor_check(snapshot, file->name, why) != 0)
        return -1;
    uint64_t mib = snapshot->memory_size >> 20;
    if (options->has_memory && options->memory_mib != mib)
        return fail(why, E_RESTORE_MEM, (unsigned long long)mib);
    options->memory_mib = mib;
    if (options->exec_heap != snapshot->exec_heap)
        return fail(why, E_SNAPSHOT_EXEC_HEAP, file->name, snapshot->exec_heap ? "has an" : "has no", snapshot->exec_heap ? "give" : "leave out");
    if (check_deaf(snapshot, options, file->name, why) != 0)
        return -1;
    take_sectors(snapshot, options);
    snapshot->generation++;
    snapshot_image(snapshot, file, image);
    return 0;
}

int snapshot_match(const struct snapshot *snapshot, const struct image *image, struct refusal *why) {
    for (unsigned handle = 1; handle < snapshot->manifest.entries; handle++) {
        const struct mft_entry *then = &snapshot->manifest.e[handle];
        const struct mft_entry *now = &image->manifest.e[handle];
        if (then->type == MFT_NET_BASIC && now->u.net.mtu != then->u.net.mtu)
            return fail(why, E_SNAPSHOT_MTU, then->name, now->u.net.mtu, then->u.net.mtu, then->u.net.mtu);
        if (then->type == MFT_NET_BASIC && now->features != then->features)
            return fail(why, E_SNAPSHOT_OFFLOAD, then->name);
        if (then->type == MFT_BLOCK_BASIC && now->u.block.capacity != then->u.block.capacity)
            return fail(why, E_SNAPSHOT_CAPACITY, then->name, (unsigned long long)now->u.block.capacity,
                        (unsigned long long)then->u.block.capacity);
        if (then->type == MFT_BLOCK_BASIC && now->u.block.block_size != then->u.block.block_size)
            return fail(why, E_SNAPSHOT_SECTOR, then->name, then->u.block.block_size, then->name, then->u.block.block_size);
    }
    return 0;
}

int snapshot_map(const struct snapshot *snapshot, const struct image *image, uint8_t *at_zero, bool executable, struct refusal *why) {
    struct statvfs mount;
    if (executable && fstatvfs(image->file.fd, &mount) == 0 && (mount.f_flag & ST_NOEXEC))
        return fail(why, E_SNAPSHOT_NOEXEC, image->file.name);
    int access = PROT_READ | PROT_WRITE | (snapshot->exec_heap ? PROT_EXEC : 0);
    off_t offset = SNAPSHOT_HEAD;
    for (unsigned i = 0; i < snapshot->extent_count; i++) {
        const struct snapshot_extent *extent = &snapshot->extent[i];
        size_t size = (size_t)extent->pages * GUEST_PAGE_SIZE;
        uint8_t *at = at_zero + (uint64_t)extent->page * GUEST_PAGE_SIZE;
        if (mmap(at, size, access, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, image->file.fd, offset) != at)
            return fail(why, E_HOST, "mapping the snapshot's memory", strerror(errno), "raise 'sysctl vm.max_map_count'");
        offset += (off_t)size;
    }
    return image_protect(image, at_zero, executable, why);
}

int snapshot_tell(struct snapshot *snapshot, const struct options *options, const struct image *image, uint8_t *at_zero,
                  uint64_t manifest, int event, struct refusal *why) {
    size_t size = MFT_SIZE(image->manifest.entries);
    memcpy(at_zero + manifest, &image->manifest, size);
    if (options->has_arguments)
        memcpy(at_zero + manifest + size, options->cmdline, strlen(options->cmdline) + 1);
    if (!(image->features & FEATURE_NOTICE))
        return 0;
    struct notice *notice = (struct notice *)(at_zero + NOTICE_ADDRESS);
    if (getrandom(notice->seed, sizeof notice->seed, 0) != sizeof notice->seed)
        return fail(why, E_HOST, "random numbers for the guest", strerror(errno), "see 'dmesg'");
    notice->generation = snapshot->generation;
    const uint64_t one = 1;
    return write(event, &one, sizeof one) == sizeof one ? 0 : fail(why, E_HOST, "waking the guest", strerror(errno), "see 'dmesg'");
}
