/*
 * --stats=FILE: counters in a file that is mapped, so that counting is a store and reading needs nothing of the tender.
 *
 * All integers are little endian and aligned. A counter is 64 bits wide, is stored whole and never falls; two counters are not of the
 * same instant. `ended` is written last. A file that nobody has locked (flock(2)) and whose `ended` is 0 is of a tender that was killed.
 */
#ifndef KITTIWAKE_STATS_H
#define KITTIWAKE_STATS_H

#include "abi.h"
#include "image.h"
#include "options.h"

#define STATS_MAGIC "KTWSTATS"
#define STATS_VERSION 1

enum { STATS_EXITS_ALL, STATS_EXITS_INTERRUPTED, STATS_EXITS_END }; /* returns of KVM_RUN */

enum {
    NET_IN_FRAMES,
    NET_IN_BYTES,
    NET_OUT_FRAMES,
    NET_OUT_BYTES,
    NET_OUT_REFUSED, /* frames the host did not take */
    NET_OUT_BAD,     /* too long, or too short for an Ethernet header */
    NET_OUT_DELAYED, /* by --net-rate, as all of the following */
    NET_IN_DELAYED,
    NET_CAPTURED,
    NET_UNCAPTURED, /* frames after the capture had to stop */
};

enum {
    BLOCK_READS,
    BLOCK_READ_BYTES,
    BLOCK_READ_ERRORS,
    BLOCK_WRITES,
    BLOCK_WRITTEN_BYTES,
    BLOCK_WRITE_ERRORS,
    BLOCK_DELAYED, /* operations, by --block-rate */
    BLOCK_DELAYED_NS,
};

/* Which counters of a device are kept. */
enum { STATS_KEPT = 1, STATS_BY_INTERFACE = 2 /* only in and out, taken once a second */, STATS_BY_CALL = 4 /* only operations, bytes asked for, delays */ };

enum stats_end { STATS_RUNNING, STATS_EXITED, STATS_FAULT, STATS_SIGNAL };

struct stats_device {
    char name[MFT_NAME_SIZE];
    uint32_t type;
    uint32_t kept;
    uint32_t padding;
    uint64_t count[14];
};
static_assert(sizeof(struct stats_device) == 192, "statistics");

struct stats {
    char magic[8];
    uint32_t version;
    uint32_t size;    /* of the whole file */
    uint32_t target;  /* enum abi_target */
    uint32_t entries; /* of device, the reserved first one among them */
    uint32_t pid;     /* to send signals to */
    uint32_t guest_pid;
    uint64_t memory;  /* bytes the guest was given */
    uint64_t started; /* ns since 1970 */
    uint64_t ended;   /* 0: not yet */
    uint64_t end;     /* enum stats_end */
    uint64_t status;  /* exit status or signal */
    uint64_t exits[8];
    uint64_t calls[16]; /* hypercalls, by their number */
    uint64_t padding[29];
    struct stats_device device[MFT_MAX_ENTRIES]; /* by handle */
};
static_assert(offsetof(struct stats, memory) == 32, "statistics");
static_assert(offsetof(struct stats, exits) == 72, "statistics");
static_assert(offsetof(struct stats, calls) == 136, "statistics");
static_assert(offsetof(struct stats, device) == 496, "statistics");
static_assert(STATS_EXITS_END <= 8 && HVT_CALL_END <= 16, "statistics");

/* Never NULL: without the option, counters nobody reads. */
extern struct stats *stats;

/* Makes the file and maps it. Returns 0, or -1 with `why`. */
int stats_open(const struct options *options, const struct image *image, enum abi_target target, struct refusal *why);
/* Takes the mapping away from a process that becomes the guest. */
void stats_close(void);
void stats_started(int pid, int guest_pid);
void stats_ended(enum stats_end end, int status);

/* For counters that one thread writes. */
static inline void count(uint64_t *counter, uint64_t more) {
    __atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

/* For counters that several threads write. */
static inline void count_shared(uint64_t *counter, uint64_t more) {
    __atomic_fetch_add(counter, more, __ATOMIC_RELAXED);
}

#endif
