/*
 * Giving away what the tender does not need: before it opens anything, and for good before the guest's first instruction.
 *
 * The guest is hostile, and so is whoever made its image. What it can reach of the host is what is left after
 * containment_seal(): a list of system calls with checked arguments, no capability, no way to gain one.
 */
#ifndef KITTIWAKE_CONTAINMENT_H
#define KITTIWAKE_CONTAINMENT_H

#include "error.h"

#include <seccomp.h>

/*
 * Makes descriptors 0 to 2 exist, closes all others but the `count` in `kept`, sets signals as a program expects them that nobody
 * has prepared for it. Returns 0, or -1 with `why`.
 */
int containment_begin(const int *kept, unsigned count, struct refusal *why);

/* An empty filter: every system call kills the process. Returns NULL with `why` if there is no memory. */
scmp_filter_ctx containment_filter(struct refusal *why);

/*
 * Drops all capabilities, forbids gaining new ones, and installs the filter, which it uses up. `broken` is what the
 * rules' additions returned, or'ed together. Returns 0, or -1 with `why`; after 0 only the filter's calls are left.
 */
int containment_seal(scmp_filter_ctx filter, int broken, struct refusal *why);

#endif
