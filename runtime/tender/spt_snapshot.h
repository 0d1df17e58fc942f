/* What a snapshot of an spt guest keeps beside its memory, and going on from it. */
#ifndef KITTIWAKE_SPT_SNAPSHOT_H
#define KITTIWAKE_SPT_SNAPSHOT_H

#include "events.h"
#include "tender.h"

#include <sys/user.h>

/* Descriptors by the numbers the guest knows, and what its clock is ahead of the host's CLOCK_MONOTONIC. */
struct spt_view {
    int32_t epoll;
    int32_t timer;
    int32_t fd[MFT_MAX_ENTRIES]; /* -1: none */
    int64_t clock_offset; /* nanoseconds */
};

#define SPT_XSTATE_SIZE 16384

/* What snapshot's `machine` holds, as far as its xstate is used. */
struct spt_state {
    struct spt_view view;
    uint64_t monotonic;   /* the guest's clock, in nanoseconds */
    uint64_t timer_left;  /* nanoseconds until its timer goes off; 0: it is not set */
    uint32_t xstate_size;
    uint32_t zero;
    struct user_regs_struct registers;
    uint8_t xstate[SPT_XSTATE_SIZE] __attribute__((aligned(64))); /* as XSAVE writes it */
};
static_assert(sizeof(struct spt_state) <= SNAPSHOT_MACHINE_SIZE, "snapshot");

/* ---- spt_state.c ---- */

/* What is wrong with the state in `snapshot`, NULL if it can be restored. */
const char *spt_state_wrong(const struct snapshot *snapshot);

/* ---- spt_restore.c ---- */

/*
 * Makes of zeroed guest memory and attached devices what they were: memory mapped, descriptors under the numbers the guest knows, the
 * timer set, the guest told. Returns 0, or -1 with `why`.
 */
int spt_restore(struct guest *guest, struct events *events, struct spt_view *view, struct refusal *why);

/* Leaves the tender for where the guest was. Never returns; call it behind the filter. */
_Noreturn void spt_restore_enter(struct guest *guest);

/* ---- spt_resume.S ---- */

/* Loads all registers and jumps; `set_fs` says whether the base of FS is among them. */
_Noreturn void spt_resume(const struct user_regs_struct *registers, const void *xstate, uint64_t set_fs);

#endif
