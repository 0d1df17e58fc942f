/* The parts of kittiwake-spt: memory at the guest's own addresses, a filter of system calls, and the jump. */
#ifndef KITTIWAKE_SPT_H
#define KITTIWAKE_SPT_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>

/* Leaves the tender: all general registers but these two are zero. Never returns. */
_Noreturn void spt_enter(uint64_t entry, uint64_t stack, uint64_t boot_info);

/* Where the line about a fault is written before it is shown. */
#define SPT_FAULT_TEXT_SIZE 256
extern char spt_fault_text[SPT_FAULT_TEXT_SIZE];

/*
 * Turns a fault of the processor, such as an access to memory that is not there, into one line and EXIT_GUEST_FAULT, or if
 * `by_signal`, into the line and the end that signal brings by default, as under Solo5's tender. The filter must let spt_fault_text be written to standard error. Returns 0, or -1 with `why`.
 */
int spt_fault_catch(bool by_signal, struct refusal *why);

#endif
