/*
 * Frames that pass the keeper: those of devices that are captured or limited. The guest's process gets one side of a socket that keeps frames
 * apart in place of the tap, which the keeper alone has.
 *
 * Nothing is queued here but one frame a device that the guest has no room for: until it has, the tap is not read. A frame of the guest's that
 * the tap refuses is dropped and counted, as it would be on a wire.
 */
#ifndef KITTIWAKE_KEEPER_RELAY_H
#define KITTIWAKE_KEEPER_RELAY_H

#include "tender.h"

#include <poll.h>
#include "rules.h"

/* Whether frames of the device this option is about must pass the keeper. */
bool relay_wanted(const struct net_option *option);

/* Before the fork: exchanges the taps in `devices` for sockets, where options ask for it. Returns 0, or -1 with `why`. */
int relays_open(const struct options *options, const struct mft *manifest, struct devices *devices, struct refusal *why);

/* After it, in the guest's process: closes what is the keeper's; and in the keeper: what is the guest's. */
void relays_close_taps(void);
void relays_close_sockets(const struct devices *devices);

/* What a filter must let through. Returns 0, or -1. */
int relays_allow(struct rules *rules);

/* Two for each device. Fills `wait` and returns how many entries it has; `soonest`, in ns of CLOCK_MONOTONIC, is lowered to when to look again. */
#define RELAYS_WAIT_MAX (2 * MAX_DEVICES)
unsigned relays_wait(struct pollfd wait[RELAYS_WAIT_MAX], uint64_t now, uint64_t *soonest);

/* Hands on what there is, a bounded number of frames a call. */
void relays_move(const struct pollfd *wait);

/* Hands on what the guest has sent before its end, whatever its limits. */
void relays_finish(void);

#endif
