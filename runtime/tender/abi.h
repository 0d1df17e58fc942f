/*
 * The Solo5 ABI as the tender sees it: notes, manifest, boot info, hypercalls.
 *
 * Every layout below is shared with guests built years ago by other people, so each offset is asserted. Facts come from
 * Solo5's public headers (elf_abi.h, mft_abi.h, hvt_abi.h, spt_abi.h; ABI version 2, manifest version 1).
 * All integers are little endian.
 */
#ifndef KITTIWAKE_ABI_H
#define KITTIWAKE_ABI_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Targets an image can be built for, as its ABI note says. */
enum abi_target {
    ABI_HVT = 1,
    ABI_SPT = 2,
    ABI_VIRTIO = 3,
    ABI_MUEN = 4,
    ABI_GENODE = 5,
    ABI_XEN = 6,
};

#define ABI_VERSION 2

/* An image is loaded at this address or above; what lies below belongs to the tender. */
#define GUEST_MIN_ADDRESS 0x100000ull
#define GUEST_PAGE_SIZE 0x1000ull

/* The guest's command line with its NUL. */
#define CMDLINE_SIZE 8192

/* ---- Notes: a 20-byte header (name "Solo5" padded to 8 bytes), then aligned data. ---- */

struct note_header {
    uint32_t namesz;
    uint32_t descsz;
    uint32_t type;
    char name[8];
};
static_assert(sizeof(struct note_header) == 20, "note header");

#define NOTE_NAME "Solo5"
#define NOTE_NAME_SIZE 6
#define NOTE_ABI_TYPE 0x31494241u /* "ABI1" */
#define NOTE_MFT_TYPE 0x3154464du /* "MFT1" */

/*
 * A note of our own, which other tenders pass by: what the image understands beyond Solo5. What of it the tender does for a device
 * stands in the device's manifest entry, which is 0 under tenders that know nothing of it.
 */
#define NOTE_OWN_NAME "KTTWAKE"
#define NOTE_FEATURES_TYPE 0x31414546u /* "FEA1" */

/* Another one, for people's tools only: where the image keeps the names of its functions (scripts/images/link.ts). */
#define NOTE_NAMES_TYPE 0x314d414eu /* "NAM1" */

/* Frames begin with a header of struct virtio_net_hdr (10 bytes): checksums and segments may be left to the host, both ways. */
#define FEATURE_NET_OFFLOAD 1u
/* It looks at struct notice when POLL returns with bit 0, which no device has. */
#define FEATURE_NOTICE 2u
/* With FEATURE_NOTICE: it ends when the notice asks for it. */
#define FEATURE_STOP 4u

struct note_abi {
    uint32_t target;
    uint32_t version;
};

/* ---- Manifest: which devices the image wants. ---- */

#define MFT_VERSION 1
#define MFT_MAX_ENTRIES 64 /* entry 0 is reserved, so at most 63 devices */
#define MFT_NAME_SIZE 68   /* at most 67 characters and a NUL */

#define MFT_BLOCK_BASIC 1u
#define MFT_NET_BASIC 2u
#define MFT_RESERVED_FIRST 0x40000000u /* from here on: not a device a user attaches */

struct mft_entry {
    char name[MFT_NAME_SIZE];
    uint32_t type;
    union {
        struct {
            uint64_t capacity;   /* in bytes, a multiple of block_size */
            uint16_t block_size; /* in bytes, a power of two from 512 to 32,768 */
        } block;
        struct {
            uint8_t mac[6];
            uint16_t mtu; /* without the 14-byte Ethernet header */
        } net;
    } u;
    union {
        int32_t hostfd;
        uint64_t pointer;
    } b;
    uint8_t attached; /* 0 or 1 */
    uint8_t features; /* FEATURE_NET_OFFLOAD; padding in Solo5 */
    uint8_t padding[6];
};
static_assert(sizeof(struct mft_entry) == 104, "manifest entry");
static_assert(offsetof(struct mft_entry, type) == 68, "manifest entry");
static_assert(offsetof(struct mft_entry, u.net.mac) == 72, "manifest entry");
static_assert(offsetof(struct mft_entry, u.net.mtu) == 78, "manifest entry");
static_assert(offsetof(struct mft_entry, u.block.capacity) == 72, "manifest entry");
static_assert(offsetof(struct mft_entry, u.block.block_size) == 80, "manifest entry");
static_assert(offsetof(struct mft_entry, b) == 88, "manifest entry");
static_assert(offsetof(struct mft_entry, attached) == 96, "manifest entry");
static_assert(offsetof(struct mft_entry, features) == 97, "manifest entry");

struct mft {
    uint32_t version;
    uint32_t entries;
    struct mft_entry e[MFT_MAX_ENTRIES];
};
static_assert(offsetof(struct mft, e) == 8, "manifest");
#define MFT_SIZE(entries) (offsetof(struct mft, e) + (entries) * sizeof(struct mft_entry))

/* ---- Notices: what the tender tells a guest with FEATURE_NOTICE while it runs. Of our own, the same under hvt and spt. ---- */

/* Above everything boot info points to, and zero under tenders that know nothing of it. Under hvt the guest can only read it. */
#define NOTICE_ADDRESS 0x15000ull
#define NOTICE_VERSION 1
#define NOTICE_EVENT 0ull /* its number in the epoll set, and its bit in POLL's ready_set: handle 0 is never a device */

/* Fields are only ever added; a guest uses those it knows if the version is not 0. */
struct notice {
    uint32_t version;
    uint32_t reserved;
    uint64_t stop;       /* not 0: please end */
    uint64_t generation; /* counts how often the guest was restored from a snapshot */
    uint8_t seed[32];    /* random bytes, other ones for each generation */
    int64_t clock_offset; /* under spt: nanoseconds to add to the host's monotonic clock; changes with the generation only */
};
static_assert(offsetof(struct notice, stop) == 8 && offsetof(struct notice, generation) == 16, "notice");
static_assert(offsetof(struct notice, seed) == 24 && sizeof(struct notice) == 64, "notice");

/* ---- Results of hypercalls. ---- */

enum solo5_result { SOLO5_OK = 0, SOLO5_AGAIN = 1, SOLO5_EINVAL = 2, SOLO5_EUNSPEC = 3 };

/* ---- hvt ---- */

#define HVT_BOOT_INFO 0x10000ull
#define HVT_PORT_BASE 0x500 /* a hypercall is a 32-bit OUT of its argument's address to this port + number */

struct hvt_boot_info {
    uint64_t mem_size;
    uint64_t kernel_end;
    uint64_t cpu_cycle_freq; /* Hz of the time stamp counter */
    uint64_t cmdline;
    uint64_t mft;
    uint32_t host_features; /* HVT_FEATURE_RING */
    uint32_t guest_features;
    uint64_t net_ring; /* 0: none. A guest looks at both, since boot info once ended before them */
};
static_assert(sizeof(struct hvt_boot_info) == 56, "hvt boot info");
static_assert(HVT_BOOT_INFO + sizeof(struct hvt_boot_info) + sizeof(struct mft) + CMDLINE_SIZE <= NOTICE_ADDRESS, "hvt boot info");

enum hvt_call {
    HVT_WALLTIME = 1,
    HVT_PUTS,
    HVT_POLL,
    HVT_BLOCK_WRITE,
    HVT_BLOCK_READ,
    HVT_NET_WRITE,
    HVT_NET_READ,
    HVT_HALT,
    HVT_CALL_END,
};

struct hvt_walltime {
    uint64_t nsecs; /* out: since 1970 */
};
struct hvt_puts {
    uint64_t data;
    uint64_t len;
};
struct hvt_poll {
    uint64_t timeout_nsecs;
    uint64_t ready_set; /* out: bit n is handle n */
    int32_t ret;        /* out: how many are ready */
    uint32_t padding;
};
struct hvt_block {
    uint64_t handle;
    uint64_t offset; /* in bytes from the device's start */
    uint64_t data;
    uint64_t len;
    int32_t ret; /* out */
    uint32_t padding;
};
struct hvt_net {
    uint64_t handle;
    uint64_t data;
    uint64_t len; /* out for reads */
    int32_t ret;  /* out */
    uint32_t padding;
};
struct hvt_halt {
    uint64_t cookie; /* 0, or HVT_HALT_COOKIE_SIZE bytes about the guest's end */
    int32_t exit_status;
    uint32_t padding;
};
#define HVT_HALT_COOKIE_SIZE 512
static_assert(offsetof(struct hvt_poll, ret) == 16 && sizeof(struct hvt_poll) == 24, "hvt poll");
static_assert(offsetof(struct hvt_block, ret) == 32 && sizeof(struct hvt_block) == 40, "hvt block");
static_assert(offsetof(struct hvt_net, ret) == 24 && sizeof(struct hvt_net) == 32, "hvt net");
static_assert(offsetof(struct hvt_halt, exit_status) == 8 && sizeof(struct hvt_halt) == 16, "hvt halt");

/* ---- hvt's net ring: hvt_ring.h says how it works. Counters run on for ever, their slot is the remainder. ---- */

#define HVT_FEATURE_RING 1u
#define HVT_RING_PORT 0x600 /* a 32-bit OUT of anything wakes the tender */
#define HVT_RING_SLOTS 1024u

enum hvt_ring_operation { HVT_RING_WRITE = 1, HVT_RING_READ = 2 };

struct hvt_ring_entry {
    uint32_t operation;
    uint32_t handle;
    uint64_t data;
    uint32_t len;
    uint32_t id; /* of the guest's choice, for the commit */
    uint64_t reserved;
};
struct hvt_ring_commit {
    uint32_t id;
    int32_t ret; /* solo5_result */
    uint32_t len;
    uint32_t reserved;
};
struct hvt_ring {
    /* The guest writes: */
    uint32_t entry_tail;
    uint32_t commit_head;
    uint8_t padding[56];
    /* The tender writes: */
    uint32_t entry_head;
    uint32_t commit_tail;
    uint32_t needs_kick;
    uint8_t more_padding[52];
    struct hvt_ring_entry entries[HVT_RING_SLOTS];
    struct hvt_ring_commit commits[HVT_RING_SLOTS];
};
static_assert(sizeof(struct hvt_ring_entry) == 32 && offsetof(struct hvt_ring_entry, len) == 16, "ring entry");
static_assert(sizeof(struct hvt_ring_commit) == 16, "ring commit");
static_assert(offsetof(struct hvt_ring, entry_head) == 64 && offsetof(struct hvt_ring, needs_kick) == 72, "ring");
static_assert(offsetof(struct hvt_ring, entries) == 128 && offsetof(struct hvt_ring, commits) == 32896, "ring");
static_assert(sizeof(struct hvt_ring) == 49280, "ring");
#define HVT_RING_PAGES ((sizeof(struct hvt_ring) + GUEST_PAGE_SIZE - 1) / GUEST_PAGE_SIZE * GUEST_PAGE_SIZE)

/* ---- spt ---- */

#define SPT_MEMORY_START 0x10000ull /* the pages below are not mapped */
#define SPT_BOOT_INFO 0x11000ull
#define SPT_TIMER_EVENT 0xfffffffeull /* the timer's number in the epoll set; a tap's is its handle */

struct spt_boot_info {
    uint64_t mem_size;
    uint64_t kernel_end;
    uint64_t cmdline;
    uint64_t mft;
    int32_t epollfd;
    int32_t timerfd;
};
static_assert(sizeof(struct spt_boot_info) == 40, "spt boot info");
static_assert(SPT_BOOT_INFO + sizeof(struct spt_boot_info) + sizeof(struct mft) + CMDLINE_SIZE <= NOTICE_ADDRESS, "spt boot info");

#endif
