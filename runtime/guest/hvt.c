/* The tender is a virtual machine monitor: a hypercall is a 32-bit OUT of its argument's address. See platform.h. */
#include "platform.h"
#include "ring.h"

#include <string.h>

#define NSEC_PER_SEC 1000000000ull

static const struct hvt_boot_info *info;

/* The time stamp counter at the start, and nanoseconds per tick as a 32.32 fixed-point number. */
static uint64_t first_tick;
static uint64_t nanoseconds_per_tick;

static uint64_t ticks(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* All of the guest's memory lies below 4 GiB, so every address fits. */
static void hypercall(enum hvt_call call, void *argument) {
    __asm__ volatile("outl %0, %w1" : : "a"((uint32_t)(uintptr_t)argument), "d"(HVT_PORT_BASE + (int)call) : "memory");
}

struct boot platform_start(const void *boot_info) {
    info = boot_info;
    first_tick = ticks();
    nanoseconds_per_tick = (NSEC_PER_SEC << 32) / info->cpu_cycle_freq;
    return (struct boot){
        .memory_size = ring_start(info),
        .cmdline = (const char *)info->cmdline,
        .manifest = (const struct mft *)info->mft,
    };
}

void platform_exit(int status) {
    struct hvt_halt argument = {.exit_status = status};
    ring_drain(); /* what is in the ring when the guest ends is lost */
    for (;;)
        hypercall(HVT_HALT, &argument);
}

void platform_console(const void *text, size_t size) {
    struct hvt_puts argument = {.data = (uint64_t)text, .len = size};
    hypercall(HVT_PUTS, &argument);
}

uint64_t platform_monotonic(void) {
    return (uint64_t)((unsigned __int128)(ticks() - first_tick) * nanoseconds_per_tick >> 32);
}

uint64_t platform_wall(void) {
    struct hvt_walltime argument = {.nsecs = 0};
    hypercall(HVT_WALLTIME, &argument);
    return argument.nsecs;
}

uint64_t platform_poll(uint64_t deadline) {
    uint64_t now = platform_monotonic();
    struct hvt_poll argument = {.timeout_nsecs = deadline > now ? deadline - now : 0};
    ring_rest();
    hypercall(HVT_POLL, &argument);
    return argument.ready_set;
}

int platform_net_read(unsigned handle, void *frame, size_t size, size_t *got) {
    struct hvt_net argument = {.handle = handle, .data = (uint64_t)frame, .len = size};
    hypercall(HVT_NET_READ, &argument);
    *got = argument.len;
    return argument.ret;
}

int platform_net_write(unsigned handle, const void *frame, size_t size) {
    if (ring_write(handle, frame, size))
        return SOLO5_OK;
    struct hvt_net argument = {.handle = handle, .data = (uint64_t)frame, .len = size};
    hypercall(HVT_NET_WRITE, &argument);
    return argument.ret;
}

/* The tender takes any number of sectors at once. */
static int block(enum hvt_call call, unsigned handle, uint64_t offset, const void *data, size_t size) {
    struct hvt_block argument = {.handle = handle, .offset = offset, .data = (uint64_t)data, .len = size};
    hypercall(call, &argument);
    return argument.ret;
}

int platform_block_read(unsigned handle, uint64_t offset, void *data, size_t size) {
    return block(HVT_BLOCK_READ, handle, offset, data, size);
}

int platform_block_write(unsigned handle, uint64_t offset, const void *data, size_t size) {
    return block(HVT_BLOCK_WRITE, handle, offset, data, size);
}
