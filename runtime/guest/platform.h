/* What differs between the tenders: hvt.c asks by hypercalls, spt.c by system calls. */
#ifndef GUEST_PLATFORM_H
#define GUEST_PLATFORM_H

#include "abi.h"

/* What the tender says at the start. */
struct boot {
    uint64_t memory_size; /* guest memory is [0, memory_size) */
    const char *cmdline;
    const struct mft *manifest;
};

/* Reads the tender's boot info, the first argument of the entry point. Called once, before all others. */
struct boot platform_start(const void *boot_info);

_Noreturn void platform_exit(int status);

void platform_console(const void *text, size_t size);

/* What the tender has to tell while the image runs; all zero under tenders that know nothing of it. */
static inline const volatile struct notice *platform_notice(void) {
    return (const volatile struct notice *)NOTICE_ADDRESS;
}

/* Nanoseconds since some moment before the start; never goes back. */
uint64_t platform_monotonic(void);

/* Nanoseconds since 1970, UTC, by the host's clock. */
uint64_t platform_wall(void);

/* A deadline that never comes. */
#define PLATFORM_FOREVER UINT64_MAX

/*
 * Sleeps until a network device has a frame, there is a notice, or platform_monotonic() is `deadline`; 0 does not sleep. It may return
 * early with nothing ready, as the guest's clock and the host's need not agree to the nanosecond. Bit n of the result: handle n is ready;
 * bit 0: there is something new in platform_notice().
 */
uint64_t platform_poll(uint64_t deadline);

/* Both return a solo5_result. `handle` is one of a network device. A frame longer than `size` is cut. */
int platform_net_read(unsigned handle, void *frame, size_t size, size_t *got);
int platform_net_write(unsigned handle, const void *frame, size_t size);

/*
 * Both return a solo5_result. `handle` is one of a block device; offset and size are whole sectors and end within it. After an
 * error any part of the sectors may have been read or written.
 */
int platform_block_read(unsigned handle, uint64_t offset, void *data, size_t size);
int platform_block_write(unsigned handle, uint64_t offset, const void *data, size_t size);

#endif
