/*
 * Snapshots: a running guest in a file, from which it goes on later, in as many processes as one likes.
 *
 *   0              struct snapshot: the machine, the devices it was told of, what the loader checked, where memory lies;
 *                  of the two arrays at its end only what is used is written and read
 *   SNAPSHOT_HEAD  the pages of its extents, one after the other; pages of zeroes are holes
 *
 * A snapshot is read as an image is: hostile until all of it is checked. Memory is only mapped (copy on write), never read
 * or believed by the tender.
 */
#ifndef KITTIWAKE_SNAPSHOT_H
#define KITTIWAKE_SNAPSHOT_H

#include "image.h"
#include "options.h"

#define SNAPSHOT_MAGIC "KTTWSNAP"
#define SNAPSHOT_VERSION 2
#define SNAPSHOT_HEAD 0x18000ull
#define SNAPSHOT_EXTENTS 4096
#define SNAPSHOT_MACHINE_SIZE 0x6000
/* Words of CPUID that say what a processor can do. */
#define SNAPSHOT_PROCESSOR_WORDS 11
/* Of them, which registers XSAVE keeps; 0: there is no XSAVE. */
#define SNAPSHOT_PROCESSOR_XSAVE 5

/* Pages of guest memory that are in the file. */
struct snapshot_extent {
    uint32_t page; /* the first one's number */
    uint32_t pages;
};

/* A range whose protection is not that of plain memory, as the loader set it. */
struct snapshot_segment {
    uint64_t start;
    uint64_t end;
    uint32_t access;
    uint32_t zero;
};

struct snapshot {
    char magic[8];
    uint32_t version;
    uint32_t target; /* enum abi_target */
    uint64_t checksum; /* of all that is used of this struct but itself */
    uint64_t memory_size;
    uint64_t kernel_end;
    uint64_t generation; /* how often it had been restored */
    uint32_t features;   /* of the image's note */
    uint32_t segment_count;
    uint32_t extent_count;
    uint32_t exec_heap; /* 0 or 1: --x-exec-heap */
    uint32_t processor[SNAPSHOT_PROCESSOR_WORDS];
    uint32_t machine_size; /* bytes of `machine` that are used, whole words */
    struct snapshot_segment segment[IMAGE_MAX_HEADERS];
    struct mft manifest; /* with the addresses and sizes the guest was told */
    struct snapshot_extent extent[SNAPSHOT_EXTENTS];
    uint8_t machine[SNAPSHOT_MACHINE_SIZE] __attribute__((aligned(64))); /* the tender's own: registers, clocks, descriptors */
};
static_assert(offsetof(struct snapshot, segment) == 112 && offsetof(struct snapshot, machine) == 42624, "no padding");
static_assert(sizeof(struct snapshot) <= SNAPSHOT_HEAD, "memory follows the head");
static_assert(SNAPSHOT_HEAD % GUEST_PAGE_SIZE == 0, "memory is mapped by pages");

/* ---- snapshot_check.c: reading a hostile one ---- */

/* Reads and checks all but the machine's state and memory's contents; `snapshot` must be all zeroes. Returns 0, or -1 with `why`. */
int snapshot_read(const struct file *file, const struct target *target, struct snapshot *snapshot, struct refusal *why);

/* The counts must be in range. */
uint64_t snapshot_checksum(const struct snapshot *snapshot);

/* ---- snapshot_image.c: from an image to a snapshot and back ---- */

/* Fills in all but extents, generation and machine. */
void snapshot_describe(struct snapshot *snapshot, enum abi_target target, const struct options *options, const struct image *image);

/* Fills `image`, which must be all zeroes, with what the loader had found when the guest was started. */
void snapshot_image(const struct snapshot *snapshot, const struct file *file, struct image *image);

/* ---- snapshot_restore.c: from a snapshot to a guest that can go on ---- */

/*
 * Locks and reads the snapshot in `file`, takes what `options` leave open from it, and makes `image` as image_parse() would have.
 * Returns 0, or -1 with `why`.
 */
int snapshot_open(const struct file *file, const struct target *target, struct options *options, struct snapshot *snapshot,
                  struct image *image, struct refusal *why);

/* Checks that the devices attached now are those the guest was told of. Returns 0, or -1 with `why`. */
int snapshot_match(const struct snapshot *snapshot, const struct image *image, struct refusal *why);

/*
 * Maps memory from the file, copy on write, over the zeroed memory at `at_zero`, and protects it as image_load() does.
 * Returns 0, or -1 with `why`.
 */
int snapshot_map(const struct snapshot *snapshot, const struct image *image, uint8_t *at_zero, bool executable, struct refusal *why);

/*
 * Tells the guest what is new: its manifest at `manifest` and the command line behind it, and if it understands notices, that it
 * was restored, which `event` wakes it for. Returns 0, or -1 with `why`.
 */
int snapshot_tell(struct snapshot *snapshot, const struct options *options, const struct image *image, uint8_t *at_zero,
                  uint64_t manifest, int event, struct refusal *why);

/* ---- snapshot_processor.c ---- */

void snapshot_processor(uint32_t words[SNAPSHOT_PROCESSOR_WORDS]);

/* Checks that this processor can do what that of the snapshot could. Returns 0, or -1 with `why`. */
int snapshot_processor_check(const struct snapshot *snapshot, const char *name, struct refusal *why);

#endif
