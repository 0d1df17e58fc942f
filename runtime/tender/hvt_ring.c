/* What the net ring's thread does with what the guest leaves there. See hvt_ring.h. */
#include "hvt_ring.h"

#include "errors.h"

/* An entry as it was at one moment, whatever the guest does to it meanwhile. */
static struct hvt_ring_entry take(const struct hvt_ring_entry *shared) {
    return (struct hvt_ring_entry){
        .operation = __atomic_load_n(&shared->operation, __ATOMIC_RELAXED),
        .handle = __atomic_load_n(&shared->handle, __ATOMIC_RELAXED),
        .data = __atomic_load_n(&shared->data, __ATOMIC_RELAXED),
        .len = __atomic_load_n(&shared->len, __ATOMIC_RELAXED),
        .id = __atomic_load_n(&shared->id, __ATOMIC_RELAXED),
    };
}

/* What `entry` points to, or NULL with `why`. */
static uint8_t *memory(const struct ring *ring, const struct hvt_ring_entry *entry, enum access access, struct refusal *why) {
    if (calls_may(ring->calls, entry->data, entry->len, access))
        return ring->calls->machine->memory + entry->data;
    fail(why, E_RING_MEMORY, (unsigned long long)entry->data, entry->len, access == ACCESS_READ ? "read" : "write");
    return NULL;
}

/* As a cable does: what is sent to no device, or not taken by it, is lost, and nobody is told. */
static int carry_write(const struct ring *ring, const struct hvt_ring_entry *entry, struct refusal *why) {
    if (calls_device(ring->calls, entry->handle, MFT_NET_BASIC) < 0)
        return 0;
    const uint8_t *frame = memory(ring, entry, ACCESS_READ, why);
    if (frame == NULL)
        return -1;
    net_write_frame(ring->calls, entry->handle, frame, entry->len);
    return 0;
}

static int carry_read(struct ring *ring, const struct hvt_ring_entry *entry, struct refusal *why) {
    struct hvt_ring *shared = ring->shared;
    if (ring->commit_tail - __atomic_load_n(&shared->commit_head, __ATOMIC_ACQUIRE) >= HVT_RING_SLOTS)
        return fail(why, E_RING_COMMITS, HVT_RING_SLOTS);
    int result = SOLO5_EINVAL;
    uint64_t got = 0;
    if (calls_device(ring->calls, entry->handle, MFT_NET_BASIC) >= 0) {
        uint8_t *to = memory(ring, entry, ACCESS_WRITE, why);
        if (to == NULL)
            return -1;
        result = net_read_frame(ring->calls, entry->handle, to, entry->len, &got);
    }
    struct hvt_ring_commit *commit = &shared->commits[ring->commit_tail % HVT_RING_SLOTS];
    __atomic_store_n(&commit->id, entry->id, __ATOMIC_RELAXED);
    __atomic_store_n(&commit->ret, result, __ATOMIC_RELAXED);
    __atomic_store_n(&commit->len, (uint32_t)got, __ATOMIC_RELAXED);
    __atomic_store_n(&shared->commit_tail, ++ring->commit_tail, __ATOMIC_RELEASE);
    return 0;
}

int ring_serve(struct ring *ring, struct refusal *why) {
    uint32_t left = __atomic_load_n(&ring->shared->entry_tail, __ATOMIC_ACQUIRE) - ring->entry_head;
    if (left > HVT_RING_SLOTS)
        return fail(why, E_RING_ENTRIES, left, HVT_RING_SLOTS);
    for (uint32_t i = 0; i < left; i++) {
        const struct hvt_ring_entry entry = take(&ring->shared->entries[ring->entry_head % HVT_RING_SLOTS]);
        int broken = 0;
        if (entry.operation == HVT_RING_WRITE)
            broken = carry_write(ring, &entry, why);
        else if (entry.operation == HVT_RING_READ)
            broken = carry_read(ring, &entry, why);
        /* Others are for tenders that know them; a guest gets no answer. */
        if (broken)
            return -1;
        __atomic_store_n(&ring->shared->entry_head, ++ring->entry_head, __ATOMIC_RELEASE);
    }
    return (int)left;
}
