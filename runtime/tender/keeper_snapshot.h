/*
 * Snapshots of a guest under spt, by its keeper, which traces it (ptrace(2)): it stops the guest, reads its registers and its memory, and lets it
 * go on. The guest can do nothing about it, and gets no system call for it.
 */
#ifndef KITTIWAKE_KEEPER_SNAPSHOT_H
#define KITTIWAKE_KEEPER_SNAPSHOT_H

#include "spt_snapshot.h"

#include "rules.h"

/* Before the two part. Returns 0, or -1 with `why`. */
int keeper_snapshot_prepare(struct refusal *why);

/* ---- In the guest's process ---- */

/* Gives up the keeper's end. */
void keeper_snapshot_part(void);

/* Shows the keeper what there is to save, and waits until it watches. Call it just before the filter. Returns 0, or -1 with `why`. */
int keeper_snapshot_show(const struct spt_view *view, struct refusal *why);

/* ---- In the keeper ---- */

/* Waits for that, and begins to trace. If the guest's process has ended instead, that is seen later. Returns 0, or -1 with `why`. */
int keeper_snapshot_watch(struct guest *guest, pid_t pid, int pidfd, struct refusal *why);

/* What a filter must let through. Returns 0, or -1. */
int keeper_snapshot_allow(struct rules *rules);

/* Passes on signals for which the guest has stopped. To be called for each SIGCHLD. */
void keeper_snapshot_pass(void);

/* Returns true if one was written, and then lets the guest go on only if it `goes_on`; else a line on standard error says why. */
bool keeper_snapshot_take(bool goes_on);

#endif
