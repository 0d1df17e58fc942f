/* --net-rate, --block-rate: the limiters of a guest's devices, by handle. What has no limit has one that never makes anybody wait. */
#ifndef KITTIWAKE_LIMITS_H
#define KITTIWAKE_LIMITS_H

#include "image.h"
#include "options.h"
#include "traffic.h"

/* The most bytes of a block device that pass at once: twice the largest sector. */
#define LIMITS_BLOCK_PIECE 65536u

void limits_open(const struct options *options, const struct mft *manifest);

/* Whether there is one. */
bool limits_net(unsigned handle, enum direction direction);
bool limits_block(unsigned handle);

/* The ns until a frame, or an operation of a block device, may pass; 0: it may. Any thread may call these. */
uint64_t limits_net_wait(unsigned handle, enum direction direction);
uint64_t limits_block_wait(unsigned handle);

/* Pays for one that passes. */
void limits_net_take(unsigned handle, enum direction direction, uint64_t bytes);
void limits_block_take(unsigned handle, uint64_t bytes);

/* ns of CLOCK_MONOTONIC, which limits go by. */
uint64_t limits_now(void);

/* Sleeps so long; a signal that is handled does not end it, one that ends the process does. */
void limits_sleep(uint64_t ns);

#endif
