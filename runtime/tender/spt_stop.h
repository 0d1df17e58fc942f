/*
 * SIGTERM under spt, where the handler and everything it writes to lie in the guest's reach.
 *
 * The first SIGTERM asks the guest to end, and starts a timer that sends the second, which ends the process by its default action.
 * A guest that does not want to end must not be able to postpone that. It can write all memory of the tender that is writable, jump to any
 * instruction, and make the system calls the filter lets through; but:
 *
 *  - It cannot block SIGTERM. rt_sigprocmask, sigaltstack and rt_sigaction are forbidden; so is rt_sigreturn, which sets a mask from memory: the handler goes
 *    back by a jump instead. epoll_pwait is let through only without a mask. The one handler with a mask, that of faults,
 *    masks faults only.
 *  - It cannot bring the handler back. SA_RESETHAND has made the second SIGTERM's action the default one before the handler's
 *    first instruction.
 *  - It cannot keep the handler from starting the timer. The kernel writes the handler's frame to an alternate stack (the guest cannot unmap it; from within it, a frame that does
 *    not fit is SIGSEGV on the same stack, which then does not fit either: the end). From the handler's
 *    first instruction to the timer's start no memory is touched but read-only memory, and the guest has no second thread. Restartable
 *    sequences, by which the kernel itself may move a thread's instruction pointer, are given up before the seal.
 *  - It cannot start the timer anew. It may well call timer_settime before the first SIGTERM, with the one setting the filter knows: so it
 *    only asks itself to end. The handler's second system call installs another filter, which forbids timer_settime. Should a guest
 *    have installed that one before, the handler dies of its timer_settime.
 *  - What these calls point to lies in a page that is read-only from before the seal, and the filter binds them to its address.
 */
#ifndef KITTIWAKE_SPT_STOP_H
#define KITTIWAKE_SPT_STOP_H

/* Offsets in spt_stop_page, for the handler. */
#define STOP_LIMIT 0
#define STOP_FILTER 32
#define STOP_ONE 48
#define STOP_TIMER 56
#define STOP_EVENT 60
#define STOP_PROGRAM 64

#define STOP_PAGE_SIZE 4096
#define STOP_NOTICE 0x15008 /* the notice's field `stop` */
/* The status of a process that could not be prepared to end: what a shell shows for SIGTERM. */
#define STOP_STATUS 143

#ifndef __ASSEMBLER__
#include "error.h"
#include "rules.h"


/* The handler, spt_stop_entry.S. */
void spt_stop_entry(int number);

/*
 * Prepares the timer of `seconds` and the event of the notice, installs the handler for `number`, SIGTERM or what a keeper sends in its place. Call it last before the seal, when the alternate stack is there
 * and no new privileges are to be had. Returns 0, or -1 with `why`.
 */
int spt_stop_arm(int event, int number, unsigned seconds, struct refusal *why);

/* The handler's system calls. Returns 0, or -1. */
int spt_stop_allow(struct rules *rules);
#endif

#endif
