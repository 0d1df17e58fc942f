/* Landlock (Documentation/userspace-api/landlock.rst of Linux): closes the file system and TCP, where the kernel has it. */
#ifndef KITTIWAKE_LANDLOCK_H
#define KITTIWAKE_LANDLOCK_H

#include "rules.h"

/*
 * Forbids every access to files by path, binding and connecting of TCP, and from within reaching processes and abstract sockets outside, as much of it as
 * the kernel knows. A folder that a rule lets files be made in stays open for that. Returns 0, also where there is no Landlock, or -1 with `why`.
 */
int landlock_close(const struct rules *rules, struct refusal *why);

/* The version of Landlock that is in force, 0 for none. */
int landlock_version(void);

#endif
