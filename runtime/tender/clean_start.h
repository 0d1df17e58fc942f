/* A process as a program expects it that nobody has prepared for it. */
#ifndef KITTIWAKE_CLEAN_START_H
#define KITTIWAKE_CLEAN_START_H

#include "error.h"

/*
 * Makes descriptors 0 to 2 exist, closes all others but the `count` ones in `kept`, lets each signal do what it does by default, forbids core
 * files. Returns 0, or -1 with `why`.
 */
int clean_start(const int *kept, unsigned count, struct refusal *why);

#endif
