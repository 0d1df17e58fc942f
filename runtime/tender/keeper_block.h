/*
 * --block-rate under spt: the kernel asks the keeper about each transfer of the guest's (seccomp_unotify(2)), and the keeper lets it go on when
 * there are tokens.
 *
 * The answer "go on" is a danger where what was asked about can change before it is done. Here it cannot: the decision is about a descriptor and
 * a length, which are registers of a guest with one thread that nobody traces, and the filter that kills for wrong arguments has seen the
 * very same ones, since of all filters the strictest answer counts.
 */
#ifndef KITTIWAKE_KEEPER_BLOCK_H
#define KITTIWAKE_KEEPER_BLOCK_H

#include "tender.h"

#include "rules.h"

/* Before the fork. Returns 0, or -1 with `why`. */
int blocks_open(const struct mft *manifest, const struct devices *devices, struct refusal *why);

/* After it, in the guest's process: installs the filter that asks, and hands its descriptor over. Returns 0, or -1 with `why`. */
int blocks_ask(struct refusal *why);

/* In the keeper: takes the descriptor, which the guest's process may fail to send. */
void blocks_take(void);

/* What a filter must let through. Returns 0, or -1. */
int blocks_allow(struct rules *rules);

/* Lowers `soonest`, in ns of CLOCK_MONOTONIC, to when to look again. Returns the descriptor to wait for, -1: none. */
int blocks_wait(uint64_t now, uint64_t *soonest);

/* Answers what can be answered. */
void blocks_answer(bool asked);

/* Lets the transfer that waits go on at once, if there is one. */
void blocks_release(void);

#endif
