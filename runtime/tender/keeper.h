/*
 * The keeper of a guest under spt: a process that stands by while the guest runs, since behind its filter the guest's own can tell
 * nobody anything. It exists only where an option needs it.
 *
 *   tender --fork--> keeper: the tender's own process. Hands the guest's frames on, counts, tells, waits; ends as the guest ended.
 *              \---> guest:  everything a tender is without a keeper. Dies with the keeper.
 *
 * The keeper has a filter of its own, no capabilities, and sees the guest's memory only for a snapshot (keeper_snapshot.h).
 */
#ifndef KITTIWAKE_KEEPER_H
#define KITTIWAKE_KEEPER_H

#include "fault.h"
#include "tender.h"

/* A page both have, for what the guest's side has to say about its end. The guest can write anything here; it is only told on. */
struct keeper_page {
    uint32_t entered; /* the guest's code was reached */
    uint32_t fault;   /* the signal of its fault, 0: none */
    uint64_t address; /* that the fault is about */
    struct registers registers;
};

/* What the keeper sends for the first SIGTERM to a guest that can be asked to end; SIGTERM itself may come to both processes. */
#define KEEPER_ASKS SIGUSR1

/* NULL where there is no keeper. */
extern struct keeper_page *keeper_page;

/*
 * Forks if an option asks for it. Returns 0 in the process that is to become the guest; -1 with `why` if it cannot. The keeper itself
 * does not return: it ends with the guest's status, or by its signal.
 */
int keeper_start(struct guest *guest, struct refusal *why);

/* In the guest's process, last before the filter, since a change of user undoes it: it dies with its keeper. */
int keeper_bind(struct refusal *why);

#endif
