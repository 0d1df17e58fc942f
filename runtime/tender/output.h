/* Files the tender makes for whoever looks after it: statistics, captures. */
#ifndef KITTIWAKE_OUTPUT_H
#define KITTIWAKE_OUTPUT_H

#include "error.h"

/*
 * Makes the file `path` anew, readable by its owner only, and locks it (flock(2)) while the tender lives. What is there under this name is
 * replaced if it is a regular file, not of another guest that runs, and by another file, so that who has the old one open keeps it
 * whole. `option` names it in messages. Returns a descriptor to read and append to, or -1 with `why`.
 */
int output_open(const char *option, const char *path, struct refusal *why);

#endif
