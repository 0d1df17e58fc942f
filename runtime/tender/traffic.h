/* What is noted of each frame that passes, for statistics, which any thread may do, and captures. */
#ifndef KITTIWAKE_TRAFFIC_H
#define KITTIWAKE_TRAFFIC_H

#include "image.h"

enum direction { TO_GUEST, FROM_GUEST };

/* Takes note of which devices' frames have an offload header; the devices are attached. */
void traffic_open(const struct mft *manifest);

/* A frame of the device `handle` has passed: all `length` bytes, an offload header included where the device has one. */
void frame_seen(unsigned handle, enum direction direction, const void *bytes, size_t length);

/* A frame from the guest has not, because write(2) failed with `error` or wrote only a part (0). */
void frame_refused(unsigned handle, int error);

#endif
