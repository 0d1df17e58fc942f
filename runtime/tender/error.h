/*
 * One way for a layer to say no: it fills a `struct refusal` and returns -1; main() prints it and picks the exit status.
 *
 * A refusal is one line, "THING: CAUSE; REMEDY". The texts and their classes stand in errors.h.
 */
#ifndef KITTIWAKE_ERROR_H
#define KITTIWAKE_ERROR_H

#include <stdbool.h>

struct refusal {
    int class;       /* sysexits(3) class, or EXIT_GUEST_FAULT */
    char text[16384]; /* holds a line about 63 devices with the longest names; longer ones are cut */
};

/* The guest broke the rules while it ran. The same number a Solo5 guest gives when it aborts. */
#define EXIT_GUEST_FAULT 255

/* Fills `why` and returns -1, so that a caller can `return fail(why, E_...)`. */
int fail(struct refusal *why, int class, const char *format, ...) __attribute__((format(printf, 3, 4), cold));

/* Prints "PROGRAM: TEXT" on standard error as one line of printable ASCII. Uses no heap: it is safe behind seccomp. */
void report(const char *program, const char *text) __attribute__((cold));

/* The process's exit status for a refusal, a guest's fault among them: 1 as Solo5's tenders, or its class. */
int exit_status(const struct refusal *why, bool sysexits);

#endif
