/* Telling a guest things while it runs: a page of its memory it reads, and an event that ends its sleep. */
#ifndef KITTIWAKE_NOTICE_H
#define KITTIWAKE_NOTICE_H

#include "events.h"
#include "image.h"

/*
 * Prepares the notice of a guest that understands one, whose address 0 lies at `at_zero`, and adds its event to the set. Does
 * nothing for others. Returns 0, or -1 with `why`.
 */
int notice_open(const struct image *image, uint8_t *at_zero, struct events *events, struct refusal *why);

/* Whether SIGTERM asks the guest before it ends it. */
bool notice_can_stop(const struct image *image, unsigned stop_timeout);

#endif
