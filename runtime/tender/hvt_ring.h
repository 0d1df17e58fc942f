/*
 * The net ring: memory behind the guest's own, in which it leaves frames and requests for frames without leaving the processor. A
 * thread of the tender's carries them out; the guest wakes it by an OUT that KVM turns into an eventfd (KVM_IOEVENTFD).
 *
 *   guest   entry -> entries[entry_tail % 1024], ++entry_tail, OUT to HVT_RING_PORT if needs_kick
 *   thread  carries it out; a read's result -> commits[commit_tail % 1024], ++commit_tail; then ++entry_head
 *
 * The guest may write all of it at any time. So the thread believes only its own copies of the counters it writes, takes each entry
 * once, and checks it as a hypercall's argument. What no guest does that follows the ABI ends the guest.
 */
#ifndef KITTIWAKE_HVT_RING_H
#define KITTIWAKE_HVT_RING_H

#include "containment.h"
#include "hvt.h"

struct ring {
    struct hvt_ring *shared;
    const struct calls *calls;
    uint32_t entry_head;  /* entries carried out */
    uint32_t commit_tail; /* commits given */
    int kick;             /* eventfd: KVM writes, the thread reads */
};

/*
 * Makes the ring's memory at the end of guest memory and its eventfd, where the image has network devices, the command line does not
 * forbid it, KVM can do it and there is room below 4 GiB; else leaves machine->ring NULL. To be called before pages_write().
 * Returns 0, or -1 with `why`.
 */
int ring_create(const struct calls *calls, struct machine *machine, struct refusal *why);

/* Carries out what the guest has left. Returns how much that was, or -1 with `why` if it broke the rules. */
int ring_serve(struct ring *ring, struct refusal *why);

/* The thread, for containment_seal(); the devices must be attached and `calls` complete. NULL where there is no ring. */
struct sealed_thread *ring_thread(const struct calls *calls);

/* The system calls the main thread makes for the ring. Returns 0, or what rules_add() returned. */
int ring_allow(struct rules *rules, const struct calls *calls);

/*
 * Whether the guest broke the ring's rules; the main thread is woken for it, out of KVM_RUN and system calls. Then fills `why`, unless
 * that is NULL.
 */
bool ring_broken(struct refusal *why);

#endif
