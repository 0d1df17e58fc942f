/* Users, groups, capabilities, the root directory: what the kernel lets a process do besides its system calls. */
#ifndef KITTIWAKE_PRIVILEGES_H
#define KITTIWAKE_PRIVILEGES_H

#include "options.h"

/*
 * Gives up all capabilities but those that opening what the command line names may need: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH for
 * files and devices, CAP_NET_ADMIN for taps, those of --uid, --gid and --chroot. None can be gained from then on. Returns 0, or -1 with `why`.
 */
int privileges_shed(const struct options *options, struct refusal *why);

/* Changes root directory, groups and user, as far as the command line says. Returns 0, or -1 with `why`. */
int privileges_become(const struct options *options, struct refusal *why);

/* Gives up all capabilities. Returns 0, or -1 with `why`. */
int privileges_drop(struct refusal *why);

#endif
