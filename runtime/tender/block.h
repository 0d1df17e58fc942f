/* Attaching a file or a disk of the host as a block device. */
#ifndef KITTIWAKE_BLOCK_H
#define KITTIWAKE_BLOCK_H

#include "options.h"

/* Where none is given: what Solo5's tenders take, and what guests that know no other expect. */
#define BLOCK_SECTOR_DEFAULT 512

/*
 * Opens the file or disk of `option`, or takes over the caller's descriptor, and locks it (flock(2)) for as long as the tender
 * lives: against everybody where the guest may write, else against those who may. Sets `capacity` and `sector`, both in bytes, and
 * `read_only`: asked for, or all that the descriptor was opened for. Returns the descriptor, or -1 with `why`.
 */
int block_attach(const struct block_option *option, uint64_t *capacity, uint16_t *sector, bool *read_only, struct refusal *why);

#endif
