/* Leaving frames in the net ring. See ring.h. */
#include "ring.h"

#include "platform.h"
#include "trap.h"

#include <string.h>

/* For copies of frames under way: three of the longest, which offloads make as long as a packet of IP can be. */
#define ROOM (256u * 1024)

/* With less memory than this an image keeps all of it, as Solo5's tender offers no ring then. */
#define LEAST_MEMORY (4u * 1024 * 1024)

/* How often to look whether the tender has sent something before the processor is left to others, and for how long. */
#define LOOKS 2000
#define PAUSE_NS 20000

static struct hvt_ring *ring; /* NULL: there is none */
static uint32_t tail;         /* entries left */
static uint8_t *room;
static bool rested;           /* nothing was sent since the last sleep */
static uint32_t next;         /* where in room the next copy goes: they lie one behind the other, and those under way never move */

uint64_t ring_start(const struct hvt_boot_info *info) {
    /* Before there were rings, boot info ended before the two fields; what lies there then has the bit, but no address. */
    if (!(info->host_features & HVT_FEATURE_RING) || info->net_ring == 0 || info->mem_size < LEAST_MEMORY)
        return info->mem_size;
    ring = (struct hvt_ring *)info->net_ring;
    room = (uint8_t *)(info->mem_size - ROOM);
    return info->mem_size - ROOM;
}

/* Entries the tender has not carried out yet. It is trusted, but what it says here decides where is written. */
static uint32_t under_way(void) {
    uint32_t left = tail - __atomic_load_n(&ring->entry_head, __ATOMIC_ACQUIRE);
    if (left <= HVT_RING_SLOTS)
        return left;
    ring = NULL;
    trap("the net ring is broken");
}

/* Finds a place for `size` bytes, at most ROOM, from `next` on. */
static bool find_place(uint32_t size) {
    uint32_t left = under_way();
    if (left == 0)
        next = 0; /* so that an image that sends little touches little */
    if (left == 0 || left >= HVT_RING_SLOTS - 1)
        return left == 0;
    uint32_t oldest = (uint32_t)(ring->entries[(tail - left) % HVT_RING_SLOTS].data - (uint64_t)room);
    if (next > oldest && ROOM - next <= size)
        next = 0;
    uint32_t end = next > oldest || oldest > ROOM ? ROOM : oldest;
    return end - next > size; /* never to the last byte: a place that begins where the oldest does is no place */
}

/* The tender's thread may have to wait for the processor this runs on, or for a limit. */
static void look_again(unsigned *looks) {
    if (++*looks < LOOKS)
        __builtin_ia32_pause();
    else
        platform_poll(platform_monotonic() + PAUSE_NS);
    rested = false; /* this was no sleep of the image's */
}

static void kick(void) {
    __asm__ volatile("outl %0, %w1" : : "a"(0), "d"(HVT_RING_PORT) : "memory");
}

/*
 * Waking the tender's thread takes as long as an exit, and it then has to begin. So a single frame, as an answer is, goes the shorter way; it
 * overtakes nothing.
 */
static bool is_single(void) {
    bool first = rested;
    rested = false;
    return first && under_way() == 0 && __atomic_load_n(&ring->needs_kick, __ATOMIC_RELAXED);
}

void ring_rest(void) {
    rested = true;
}

bool ring_write(unsigned handle, const void *frame, size_t size) {
    if (ring == NULL || is_single())
        return false;
    if (size > ROOM) {
        ring_drain();
        return false;
    }
    for (unsigned looks = 0; !find_place((uint32_t)size);)
        look_again(&looks);
    memcpy(room + next, frame, size);
    ring->entries[tail % HVT_RING_SLOTS] = (struct hvt_ring_entry){
        .operation = HVT_RING_WRITE,
        .handle = handle,
        .data = (uint64_t)(room + next),
        .len = (uint32_t)size,
    };
    next += (uint32_t)size;
    __atomic_store_n(&ring->entry_tail, ++tail, __ATOMIC_SEQ_CST);
    /* Either the tender sees the entry before it sleeps, or this sees that it wants to be woken. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&ring->needs_kick, __ATOMIC_RELAXED))
        kick();
    return true;
}

void ring_drain(void) {
    for (unsigned looks = 0; ring != NULL && under_way() > 0;)
        look_again(&looks);
}
