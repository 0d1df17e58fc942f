/* Landlock (Documentation/userspace-api/landlock.rst of Linux): closes the file system and TCP, where the kernel has it. */
#ifndef KITTIWAKE_LANDLOCK_H
#define KITTIWAKE_LANDLOCK_H

#include "error.h"

/* A file that can still be read, or a folder in which files can still be made, written and removed. */
enum landlock_use { LANDLOCK_READ, LANDLOCK_MAKE };
struct landlock_path {
    int fd; /* O_PATH is enough */
    enum landlock_use use;
};

/* What else can be left open. */
#define LANDLOCK_TCP 1u
#define LANDLOCK_SIGNALS 2u

/*
 * Forbids every access to files by path but to `paths`, binding and connecting of TCP, and from within reaching processes and abstract sockets
 * outside, as much of it as the kernel knows; `left` is what of that stays open. Returns 0, also where there is no Landlock, or -1 with `why`.
 */
int landlock_close(const struct landlock_path *paths, unsigned count, unsigned left, struct refusal *why);

/* The version of Landlock that is in force, 0 for none. */
int landlock_version(void);

#endif
