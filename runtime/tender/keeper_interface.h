/* What the host's kernel counts about the taps of a guest whose frames do not pass the keeper. */
#ifndef KITTIWAKE_KEEPER_INTERFACE_H
#define KITTIWAKE_KEEPER_INTERFACE_H

#include "rules.h"
#include "tender.h"

/* Takes note of the taps among `devices`. Returns 0, or -1 with `why`. */
int interfaces_open(const struct devices *devices, const struct mft *manifest, struct refusal *why);

/* For the guest's process, which has no use for them. */
void interfaces_close(void);

/* What a filter must let through for interfaces_read(). Returns 0, or -1. */
int interfaces_allow(struct rules *rules);

/* Whether there are any. */
bool interfaces_known(void);

/* Brings the statistics up to date. */
void interfaces_read(void);

#endif
