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

/* Nanoseconds since some moment before the start; never goes back. */
uint64_t platform_monotonic(void);

/* Nanoseconds since 1970, UTC, by the host's clock. */
uint64_t platform_wall(void);

/* Sleeps until a network device has a frame or platform_monotonic() is `deadline`. Bit n of the result: handle n is ready. */
uint64_t platform_poll(uint64_t deadline);

/* Both return a solo5_result. `handle` is one of a network device. A frame longer than `size` is cut. */
int platform_net_read(unsigned handle, void *frame, size_t size, size_t *got);
int platform_net_write(unsigned handle, const void *frame, size_t size);

#endif
