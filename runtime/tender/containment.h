/*
 * Giving away what the tender does not need: before it opens anything, and for good before the guest's first instruction.
 *
 * The guest is hostile, and so is whoever made its image. What it can reach of the host is what is left after
 * containment_seal(): a list of system calls with checked arguments, no capability, no way to gain one, no path.
 */
#ifndef KITTIWAKE_CONTAINMENT_H
#define KITTIWAKE_CONTAINMENT_H

#include "options.h"
#include "rules.h"

/*
 * First of all: makes descriptors 0 to 2 exist, closes all others but those the command line names, sets signals as a program
 * expects them that nobody has prepared for it, gives up all capabilities but those that opening devices needs, and any way to gain some.
 * Returns 0, or -1 with `why`.
 */
int containment_begin(const struct options *options, struct refusal *why);

/* When everything is opened that has a path, as --chroot, --gid and --uid say. Returns 0, or -1 with `why`. */
int containment_confine(const struct options *options, struct refusal *why);

/* A thread with rules of its own. It inherits what has been given up when it is started, and installs its filter itself. */
struct sealed_thread {
    struct rules rules;
    int broken; /* what the rules' additions returned, or'ed together */
    /* Starts it and waits until its filter is installed. Returns 0, or -1 with `why`. */
    int (*start)(const struct sock_fprog *program, struct refusal *why);
};

/* A table without rules: every system call kills the process. */
struct rules *containment_rules(void);

/*
 * Drops all capabilities, closes file system and network by Landlock where the kernel has it, sets limits, and installs the filter. `broken` is
 * what the rules' additions returned, or'ed together; `thread` is NULL, or starts before there is a filter. Returns 0, or -1 with
 * `why`; after 0 only the rules' calls are left. With
 * --show-sandbox it says what is left, and ends the process with status 0.
 */
int containment_seal(struct rules *rules, int broken, struct sealed_thread *thread, struct refusal *why);

#endif
