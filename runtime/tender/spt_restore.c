/* Going on from a snapshot of an spt guest. See spt_snapshot.h. */
#include "spt_snapshot.h"

#include "errors.h"
#include "notice.h"

#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000ull

/* Flags a program may set: carry, parity, adjust, zero, sign, direction, overflow, alignment check, identification. */
#define FLAGS 0x240cd5ull
#define FLAGS_ALWAYS 0x202ull

/* ---- Descriptors under the numbers the guest knows ---- */

/* Moves `*fd` to `number`, or if that is negative to any from `above` up. Returns 0, or -1 with `why`. */
static int move(int *fd, int number, int above, struct refusal *why) {
    if (number >= 0 && fcntl(number, F_GETFD) >= 0)
        return fail(why, E_SNAPSHOT_DESCRIPTOR, number);
    int moved = number >= 0 ? dup3(*fd, number, O_CLOEXEC) : fcntl(*fd, F_DUPFD_CLOEXEC, above);
    if (moved < 0)
        return fail(why, E_HOST, "descriptors of the snapshot", strerror(errno), "raise 'ulimit -n'");
    close(*fd);
    *fd = moved;
    return 0;
}

/* First all go out of the way, then each to its place; the epoll set takes note of the devices in between. */
static int place(struct guest *guest, const struct spt_view *view, struct events *events, struct refusal *why) {
    int above = view->epoll > view->timer ? view->epoll : view->timer;
    for (unsigned handle = 1; handle < MFT_MAX_ENTRIES; handle++)
        above = view->fd[handle] > above ? view->fd[handle] : above;
    above++;
    if (move(&guest->image.file.fd, -1, above, why) != 0)
        return -1;
    for (unsigned handle = 1; handle < MFT_MAX_ENTRIES; handle++)
        if (view->fd[handle] >= 0 && move(&guest->devices.fd[handle], -1, above, why) != 0)
            return -1;
    for (unsigned handle = 1; handle < MFT_MAX_ENTRIES; handle++)
        if (view->fd[handle] >= 0 && move(&guest->devices.fd[handle], view->fd[handle], 0, why) != 0)
            return -1;
    if (events_open(&guest->devices, &guest->image.manifest, events, why) != 0)
        return -1;
    if (move(&events->epoll, -1, above, why) != 0 || move(&events->timer, -1, above, why) != 0)
        return -1;
    return move(&events->epoll, view->epoll, 0, why) != 0 ? -1 : move(&events->timer, view->timer, 0, why);
}

/* ---- Clocks ---- */

/*
 * A guest that understands notices adds an offset to the host's clock, so that its own has stood still meanwhile. Any other lives by the host's
 * clock, which goes on while it is away, and must not have begun anew.
 */
static int set_clocks(const struct guest *guest, const struct spt_state *state, const struct events *events, struct spt_view *view,
                      struct refusal *why) {
    struct timespec host;
    clock_gettime(CLOCK_MONOTONIC, &host);
    uint64_t now = (uint64_t)host.tv_sec * NSEC_PER_SEC + (uint64_t)host.tv_nsec;
    uint64_t left = state->timer_left;
    if (guest->image.features & FEATURE_NOTICE) {
        view->clock_offset = (int64_t)(state->monotonic - now);
        ((struct notice *)NOTICE_ADDRESS)->clock_offset = view->clock_offset;
    } else {
        if (now < state->monotonic)
            return fail(why, E_SNAPSHOT_UPTIME, guest->image.file.name, (unsigned long long)((state->monotonic - now) / NSEC_PER_SEC + 1));
        if (left != 0)
            left = left > now - state->monotonic ? left - (now - state->monotonic) : 1;
    }
    struct itimerspec timer = {.it_value = {.tv_sec = (time_t)(left / NSEC_PER_SEC), .tv_nsec = (long)(left % NSEC_PER_SEC)}};
    return timerfd_settime(events->timer, 0, &timer, NULL) == 0 ? 0 : fail(why, E_HOST, "the guest's timer", strerror(errno), "see 'dmesg'");
}

int spt_restore(struct guest *guest, struct events *events, struct spt_view *view, struct refusal *why) {
    const struct spt_state *state = (const struct spt_state *)guest->snapshot.machine;
    uint64_t manifest = SPT_BOOT_INFO + sizeof(struct spt_boot_info);
    const char *wrong = spt_state_wrong(&guest->snapshot);
    if (wrong != NULL)
        return fail(why, E_SNAPSHOT_MALFORMED, guest->image.file.name, wrong);
    *view = state->view;
    if (snapshot_map(&guest->snapshot, &guest->image, NULL, true, why) != 0 || place(guest, view, events, why) != 0 ||
        notice_open(&guest->image, NULL, events, why) != 0 ||
        snapshot_tell(&guest->snapshot, &guest->options, &guest->image, NULL, manifest, events->notice, why) != 0)
        return -1;
    for (unsigned handle = 1; handle < guest->image.manifest.entries; handle++)
        ((struct mft *)manifest)->e[handle].b.hostfd = guest->devices.fd[handle];
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, state->registers.gs_base) != 0)
        return fail(why, E_SNAPSHOT_MALFORMED, guest->image.file.name, "the base of GS is no address");
    return set_clocks(guest, state, events, view, why);
}

void spt_restore_enter(struct guest *guest) {
    struct spt_state *state = (struct spt_state *)guest->snapshot.machine;
    state->registers.eflags = (state->registers.eflags & FLAGS) | FLAGS_ALWAYS;
    /* A base outside its memory is the tender's thread pointer, which the guest has never changed. */
    spt_resume(&state->registers, state->xstate, state->registers.fs_base < guest->snapshot.memory_size);
}
