/* Frames between the guest's memory and its network devices, for hypercalls and the ring alike. See hvt.h. */
#include "hvt.h"
#include "limits.h"
#include "stats.h"
#include "tap.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Whether nobody is at the other end any more; an empty frame reads as an end of file, too. */
static bool is_gone(int fd) {
    struct pollfd device = {.fd = fd, .events = POLLRDHUP};
    static const struct timespec at_once;
    return ppoll(&device, 1, &at_once, NULL) == 1 && (device.revents & (POLLRDHUP | POLLHUP));
}

int net_read_frame(const struct calls *calls, unsigned handle, uint8_t *to, uint64_t size, uint64_t *got) {
    int fd = calls->devices->fd[handle];
    ssize_t count;
    if (limits_net_wait(handle, TO_GUEST) > 0) {
        count_shared(&stats->device[handle].count[NET_IN_DELAYED], 1);
        return SOLO5_AGAIN;
    }
    do
        count = read(fd, to, size);
    while (count < 0 && errno == EINTR);
    if (count > 0) {
        *got = (uint64_t)count;
        limits_net_take(handle, TO_GUEST, *got);
        frame_seen(handle, TO_GUEST, to, *got);
        return SOLO5_OK;
    }
    /* It could be read for ever, and POLL would never sleep again. As with a cable that was pulled, nothing comes any more. */
    if (count == 0 && calls->devices->ends[handle] && is_gone(fd))
        epoll_ctl(calls->events.epoll, EPOLL_CTL_DEL, fd, NULL);
    /* ECONNRESET: the other end was closed before it had read everything; what it sent before comes next. */
    return count == 0 || errno == EAGAIN || errno == ECONNRESET ? SOLO5_AGAIN : SOLO5_EUNSPEC;
}

int net_write_frame(const struct calls *calls, unsigned handle, const uint8_t *frame, uint64_t size) {
    ssize_t count;
    /* All of guest memory may be sent as one: before it is paid for, or a limit would let nothing pass for as long as that costs. */
    if (size > FRAME_MAX) {
        frame_refused(handle, EMSGSIZE);
        return SOLO5_EINVAL;
    }
    /* Guests take AGAIN for a failure, if they know it at all; so the call takes its time. */
    for (uint64_t ns; (ns = limits_net_wait(handle, FROM_GUEST)) > 0; limits_sleep(ns))
        count_shared(&stats->device[handle].count[NET_OUT_DELAYED], 1);
    limits_net_take(handle, FROM_GUEST, size);
    do
        count = write(calls->devices->fd[handle], frame, size);
    while (count < 0 && errno == EINTR);
    if (count >= 0 && (uint64_t)count == size) {
        frame_seen(handle, FROM_GUEST, frame, size);
        return SOLO5_OK;
    }
    int error = count < 0 ? errno : 0;
    frame_refused(handle, error);
    switch (error) {
    case EAGAIN: return SOLO5_AGAIN;
    case EINVAL: return SOLO5_EINVAL; /* shorter than an Ethernet header, or longer than this tap takes */
    default: return SOLO5_EUNSPEC;
    }
}

uint64_t net_hold(const struct calls *calls) {
    static bool held[MFT_MAX_ENTRIES];
    uint64_t soonest = UINT64_MAX;
    for (unsigned handle = 1; handle < calls->image->manifest.entries; handle++) {
        if (!limits_net(handle, TO_GUEST))
            continue;
        uint64_t ns = limits_net_wait(handle, TO_GUEST);
        soonest = ns > 0 && ns < soonest ? ns : soonest;
        if (held[handle] == (ns > 0))
            continue;
        held[handle] = ns > 0;
        struct epoll_event event = {.events = held[handle] ? 0 : EPOLLIN, .data.u64 = handle};
        epoll_ctl(calls->events.epoll, EPOLL_CTL_MOD, calls->devices->fd[handle], &event); /* fails for one that is gone */
    }
    return soonest;
}

int net_allow(struct rules *rules, const struct calls *calls) {
    int broken = 0;
    unsigned handles[MAX_DEVICES];
    unsigned count = devices_of(calls->devices, &calls->image->manifest, MFT_NET_BASIC, handles);
    for (unsigned i = 0; i < count; i++) {
        rules->subject = calls->image->manifest.e[handles[i]].name;
        scmp_datum_t fd = (scmp_datum_t)calls->devices->fd[handles[i]];
        broken |= rules_add(rules, "frames to the guest", SCMP_ACT_ALLOW, SCMP_SYS(read), 1, SCMP_A0(SCMP_CMP_EQ, fd));
        broken |= rules_add(rules, "frames of the guest", SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, fd));
        if (limits_net(handles[i], TO_GUEST))
            broken |= rules_add(rules, "a device whose limit lets nothing in", SCMP_ACT_ALLOW, SCMP_SYS(epoll_ctl), 3,
                                SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)calls->events.epoll),
                                SCMP_A1(SCMP_CMP_EQ, EPOLL_CTL_MOD), SCMP_A2(SCMP_CMP_EQ, fd));
        if (!calls->devices->ends[handles[i]])
            continue;
        broken |= rules_add(rules, "a device whose other end is gone", SCMP_ACT_ALLOW, SCMP_SYS(epoll_ctl), 3,
                                   SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)calls->events.epoll),
                                   SCMP_A1(SCMP_CMP_EQ, EPOLL_CTL_DEL), SCMP_A2(SCMP_CMP_EQ, fd));
    }
    rules->subject = NULL;
    return broken;
}
