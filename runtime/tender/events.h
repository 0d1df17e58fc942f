/* Waiting for the taps and the clock at once: one epoll set with a timer in it. */
#ifndef KITTIWAKE_EVENTS_H
#define KITTIWAKE_EVENTS_H

#include "devices.h"

#include <stdint.h>

/* The timer's number in the set; a tap's is its handle. Part of the spt ABI. */
#define EVENT_TIMER SPT_TIMER_EVENT

struct events {
    int epoll;
    int timer; /* CLOCK_MONOTONIC, non-blocking */
    int notice; /* eventfd that says that there is a notice; -1 where the guest knows of none */
};

/* Makes the set with the timer and every attached tap. Returns 0, or -1 with `why`. */
int events_open(const struct devices *devices, const struct mft *manifest, struct events *events, struct refusal *why);

#endif
