/*
 * The net ring, where the hvt tender offers one: frames leave through memory that a thread of the tender's looks at, which sends them
 * while the image goes on. runtime/tender/hvt_ring.h says how it works.
 */
#ifndef GUEST_RING_H
#define GUEST_RING_H

#include "abi.h"

/* Takes up the ring if there is one. Returns how much of the guest's memory is for the image. */
uint64_t ring_start(const struct hvt_boot_info *info);

/* The image is about to sleep: what it sends next answers what wakes it. */
void ring_rest(void);

/* Leaves a copy of a frame with the tender, behind those left before. False if it is to go by hypercall; all others are sent then. */
bool ring_write(unsigned handle, const void *frame, size_t size);

/* Waits until the tender has sent all frames. */
void ring_drain(void);

#endif
