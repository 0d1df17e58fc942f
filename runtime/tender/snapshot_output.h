/* Writing snapshots behind the filter: to a new file in a folder opened before, which then takes the old one's name. */
#ifndef KITTIWAKE_SNAPSHOT_OUTPUT_H
#define KITTIWAKE_SNAPSHOT_OUTPUT_H

#include "rules.h"
#include "snapshot.h"

#include <sys/types.h>

/* Where to write, and whose memory. */
struct snapshot_output {
    const char *path; /* as given, for messages */
    int folder;
    int file;    /* the descriptor the new file gets: the lowest free one */
    int memory;  /* /proc/PID/mem of the process the guest's memory lies in */
    int pagemap; /* and its /proc/PID/pagemap */
    uint64_t at_zero; /* where the guest's address 0 lies there */
};

/* Opens the folder `path` is in. Returns 0, or -1 with `why`. */
int snapshot_output_folder(const char *path, struct snapshot_output *output, struct refusal *why);

/* Opens the memory of `process`, and fixes which descriptors are used: call it last before the seal. Returns 0, or -1 with `why`. */
int snapshot_output_memory(pid_t process, uint8_t *at_zero, struct snapshot_output *output, struct refusal *why);

/* The system calls of snapshot_write(). Returns 0, or -1. */
int snapshot_output_allow(struct rules *rules, const struct snapshot_output *output);

/*
 * Writes `snapshot`, whose extents and checksum it fills in, and the memory. The extents in it, if any, are those of the file the memory
 * was restored from. After 0 the file is complete on its disk under its name; after -1, with `why`, nothing has changed.
 */
int snapshot_write(const struct snapshot_output *output, struct snapshot *snapshot, struct refusal *why);

/* ---- snapshot_extents.c ---- */

/* Replaces snapshot's extents by the pages that are not known to be zero. Returns 0, or -1 with errno. */
int snapshot_extents(const struct snapshot_output *output, struct snapshot *snapshot);

#endif
