/*
 * A unikernel image: what its file says once everything in it has been checked.
 *
 * image_parse() has no side effects but reads, so that it can be fuzzed; nothing is mapped or loaded before it returns 0.
 */
#ifndef KITTIWAKE_IMAGE_H
#define KITTIWAKE_IMAGE_H

#include "abi.h"
#include "error.h"

/*
 * Guests with at least so many bytes of memory get huge pages where the host gives them by itself. A smaller guest stays small: one
 * huge page would be more than all that it touches.
 */
#define HUGE_PAGES_FROM (64ull << 20)

/* Linked images have about ten program headers. */
#define IMAGE_MAX_HEADERS 128

/* A file being read, and its name for messages. */
struct file {
    int fd;
    const char *name;
    uint64_t size;
};

/* What a segment's bytes may be used for; the same bits as ELF's p_flags. */
enum access { ACCESS_EXECUTE = 1, ACCESS_WRITE = 2, ACCESS_READ = 4 };

/* A loadable segment. [start, end) is what it covers in whole pages. */
struct segment {
    uint64_t address;
    uint64_t offset;      /* in the file */
    uint64_t file_size;   /* 0: only zeroes, which guest memory is anyway */
    uint64_t memory_size; /* >= file_size */
    uint64_t start;
    uint64_t end;
    unsigned access;
};

struct image {
    struct file file;
    enum abi_target target;
    uint64_t entry;
    uint64_t kernel_end; /* end of the last segment with bytes in the file: what boot info reports */
    uint64_t memory_end; /* end of the last segment of any kind */
    int segment_count;
    struct segment segment[IMAGE_MAX_HEADERS]; /* in ascending order, disjoint where file_size > 0 */
    struct mft manifest;
    uint32_t features; /* FEATURE_...: what it says it understands */
};

/* What an image must be to run here. */
struct target {
    enum abi_target abi;
    const char *name; /* "hvt" or "spt" */
};

/* Opens `path`, which must be a regular file. Returns 0, or -1 with `why`. */
int file_open(const char *path, struct file *file, struct refusal *why);

/* Reads exactly `size` bytes at `offset`; `what` names them in messages. Returns 0, or -1 with `why`. */
int file_read(const struct file *file, void *to, uint64_t size, uint64_t offset, const char *what, struct refusal *why);

/* The image as people call it: its path without the folders, for messages about what is in it. */
const char *image_called(const struct image *image);

/* Fills `image`, which must be all zeroes, from `file` after checking all of it. Returns 0, or -1 with `why`. */
int image_parse(const struct file *file, const struct target *target, struct image *image, struct refusal *why);

/*
 * Checks that the image fits a guest with `memory_size` bytes; `step` is what memory sizes are multiples of.
 * Returns 0, or -1 with `why`.
 */
int image_fit(const struct image *image, uint64_t memory_size, uint64_t step, struct refusal *why);

/*
 * Copies the segments into guest memory and protects their pages. `at_zero` is where the guest's address 0 lies;
 * `executable` says whether pages may be executable on the host (spt) or only for the guest (hvt).
 * The image must fit and the memory be zero. Returns 0, or -1 with `why`.
 */
int image_load(const struct image *image, uint8_t *at_zero, bool executable, struct refusal *why);

/* The second half of image_load(), for memory that has its contents from elsewhere. Returns 0, or -1 with `why`. */
int image_protect(const struct image *image, uint8_t *at_zero, bool executable, struct refusal *why);

/* How that has protected the host's page of the guest's `address` under hvt (PROT_...). */
int image_protection(const struct image *image, uint64_t address);

#endif
