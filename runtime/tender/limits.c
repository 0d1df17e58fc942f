/* Limiters. See limits.h. */
#include "limits.h"

#include "manifest.h"
#include "rate.h"

#include <poll.h>
#include <string.h>
#include <time.h>

/* The hypercalls and the net ring may be two threads: what they do here takes nanoseconds. */
struct shared {
    struct limiter limiter;
    bool busy;
};

static struct shared net[2][MFT_MAX_ENTRIES];
static struct shared block[MFT_MAX_ENTRIES];

uint64_t limits_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * RATE_NS_PER_SEC + (uint64_t)now.tv_nsec;
}

static struct shared full(const struct rate rates[2], uint64_t now) {
    return (struct shared){.limiter = {.bytes = bucket_full(rates[0], now), .operations = bucket_full(rates[1], now)}};
}

static bool any(const struct rate rates[2]) {
    return (rates[0].rate | rates[1].rate) != 0;
}

void limits_open(const struct options *options, const struct mft *manifest) {
    uint64_t now = limits_now();
    for (unsigned i = 0; i < options->net_count; i++) {
        unsigned handle = manifest_find(manifest, options->net[i].name);
        for (int direction = 0; direction < 2; direction++)
            if (any(options->net[i].rate[direction]))
                net[direction][handle] = full(options->net[i].rate[direction], now);
    }
    for (unsigned i = 0; i < options->block_count; i++)
        if (any(options->block[i].rate))
            block[manifest_find(manifest, options->block[i].name)] = full(options->block[i].rate, now);
}

static void enter(struct shared *shared) {
    while (__atomic_test_and_set(&shared->busy, __ATOMIC_ACQUIRE))
        continue;
}

static void leave(struct shared *shared) {
    __atomic_clear(&shared->busy, __ATOMIC_RELEASE);
}

static uint64_t wait(struct shared *shared) {
    if (!limiter_limits(&shared->limiter))
        return 0;
    uint64_t now = limits_now();
    enter(shared);
    uint64_t ns = limiter_wait(&shared->limiter, now);
    leave(shared);
    return ns;
}

static void take(struct shared *shared, uint64_t bytes) {
    if (!limiter_limits(&shared->limiter))
        return;
    enter(shared);
    limiter_take(&shared->limiter, bytes);
    leave(shared);
}

bool limits_net(unsigned handle, enum direction direction) {
    return limiter_limits(&net[direction][handle].limiter);
}

bool limits_block(unsigned handle) {
    return limiter_limits(&block[handle].limiter);
}

uint64_t limits_net_wait(unsigned handle, enum direction direction) {
    return wait(&net[direction][handle]);
}

uint64_t limits_block_wait(unsigned handle) {
    return wait(&block[handle]);
}

void limits_net_take(unsigned handle, enum direction direction, uint64_t bytes) {
    take(&net[direction][handle], bytes);
}

void limits_block_take(unsigned handle, uint64_t bytes) {
    take(&block[handle], bytes);
}

void limits_sleep(uint64_t ns) {
    uint64_t end = limits_now() + ns;
    for (uint64_t now = limits_now(); now < end; now = limits_now()) {
        struct timespec left = {.tv_sec = (time_t)((end - now) / RATE_NS_PER_SEC), .tv_nsec = (long)((end - now) % RATE_NS_PER_SEC)};
        ppoll(NULL, 0, &left, NULL);
    }
}
