/* The notice's page and its event. See notice.h. */
#include "notice.h"

#include "errors.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

int notice_open(const struct image *image, uint8_t *at_zero, struct events *events, struct refusal *why) {
    if (!(image->features & FEATURE_NOTICE))
        return 0;
    const struct notice notice = {.version = NOTICE_VERSION};
    memcpy(at_zero + NOTICE_ADDRESS, &notice, sizeof notice);
    /* Edge-triggered: each notice wakes the guest once, and nobody has to read the counter. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = NOTICE_EVENT};
    events->notice = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (events->notice < 0 || epoll_ctl(events->epoll, EPOLL_CTL_ADD, events->notice, &event) != 0)
        return fail(why, E_HOST, "notices for the guest", strerror(errno), "raise 'ulimit -n'");
    return 0;
}

bool notice_can_stop(const struct image *image, unsigned stop_timeout) {
    const uint32_t both = FEATURE_NOTICE | FEATURE_STOP;
    return (image->features & both) == both && stop_timeout != 0;
}
