/* The epoll set. See events.h. */
#include "events.h"

#include "errors.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

static int add(int epoll, int fd, uint64_t number) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = number};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int events_open(const struct devices *devices, const struct mft *manifest, struct events *events, struct refusal *why) {
    events->epoll = epoll_create1(EPOLL_CLOEXEC);
    events->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    events->notice = -1;
    int broken = events->epoll < 0 || events->timer < 0 || add(events->epoll, events->timer, EVENT_TIMER) != 0;
    unsigned handles[MAX_DEVICES];
    unsigned count = devices_of(devices, manifest, MFT_NET_BASIC, handles);
    for (unsigned i = 0; i < count && !broken; i++)
        broken = add(events->epoll, devices->fd[handles[i]], handles[i]) != 0;
    return broken ? fail(why, E_HOST, "waiting for devices", strerror(errno), "raise 'ulimit -n'") : 0;
}
