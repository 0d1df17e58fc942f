/* Frames. See traffic.h. */
#include "traffic.h"

#include "stats.h"

#include <errno.h>

void frame_seen(unsigned handle, enum direction direction, const void *bytes, size_t length) {
    (void)bytes;
    uint64_t *counts = stats->device[handle].count;
    count_shared(&counts[direction == TO_GUEST ? NET_IN_FRAMES : NET_OUT_FRAMES], 1);
    count_shared(&counts[direction == TO_GUEST ? NET_IN_BYTES : NET_OUT_BYTES], length);
}

void frame_refused(unsigned handle, int error) {
    count_shared(&stats->device[handle].count[error == EINVAL || error == EMSGSIZE ? NET_OUT_BAD : NET_OUT_REFUSED], 1);
}
