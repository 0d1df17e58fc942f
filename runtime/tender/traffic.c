/* Frames. See traffic.h. */
#include "traffic.h"

#include "pcap.h"
#include "stats.h"
#include "tap.h"

#include <errno.h>

static uint8_t header_size[MFT_MAX_ENTRIES];

void traffic_open(const struct mft *manifest) {
    for (unsigned handle = 1; handle < manifest->entries; handle++)
        header_size[handle] = manifest->e[handle].features & FEATURE_NET_OFFLOAD ? OFFLOAD_HEADER : 0;
}

void frame_seen(unsigned handle, enum direction direction, const void *bytes, size_t length) {
    size_t skip = header_size[handle] < length ? header_size[handle] : length;
    uint64_t *counts = stats->device[handle].count;
    count_shared(&counts[direction == TO_GUEST ? NET_IN_FRAMES : NET_OUT_FRAMES], 1);
    count_shared(&counts[direction == TO_GUEST ? NET_IN_BYTES : NET_OUT_BYTES], length - skip);
    pcap_record(handle, (const uint8_t *)bytes + skip, length - skip);
}

void frame_refused(unsigned handle, int error) {
    count_shared(&stats->device[handle].count[error == EINVAL || error == EMSGSIZE ? NET_OUT_BAD : NET_OUT_REFUSED], 1);
}
