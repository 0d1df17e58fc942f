/* What is known about a guest that broke the rules, and the report of it: --crash=FILE. */
#ifndef KITTIWAKE_FAULT_H
#define KITTIWAKE_FAULT_H

#include "image.h"
#include "json_line.h"
#include "rules.h"


/* The general registers of x86_64, numbered as gdb has them in its packets. */
enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, RIP, RFLAGS, REGISTERS_COUNT };

struct registers {
    uint64_t value[REGISTERS_COUNT];
};

/* What Solo5's guests leave behind at the end of a trap: CR2, error code, RIP, CS, RFLAGS, RSP, SS. */
#define TRAP_WORDS 7
enum { TRAP_CR2, TRAP_ERROR, TRAP_RIP, TRAP_CS, TRAP_RFLAGS, TRAP_RSP, TRAP_SS };

struct fault {
    const char *cause; /* as the line on standard error has it */
    struct registers registers;
    bool registers_lost; /* they are those of a processor that was reset */
    bool has_address; /* the processor says which address it was about */
    bool has_trap;    /* the guest caught it itself, `trap` is what it says */
    uint64_t address;
    uint64_t trap[TRAP_WORDS];
};

/* Puts the registers as the object `key`; the line must have room for 500 bytes. */
void registers_json(struct json_line *line, const char *key, const struct registers *registers);

/* The report's text stands here until it is written, to the beginning of its file and in one piece. */
#define CRASH_TEXT_SIZE (64 * 1024)
extern char crash_text[CRASH_TEXT_SIZE];
extern int crash_fd; /* -1: no report is wanted */

/*
 * Opens the file the report is for and prepares what can be said about the image; `path` NULL: none is wanted. A file that is left
 * empty, since nothing happened, may be given again; any other that exists is refused. Returns 0, or -1 with `why`.
 */
int crash_open(const char *path, const char *tender, const struct image *image, uint64_t memory_size, struct refusal *why);

/* What a filter must let through for the report: that text to that file, and no more. Returns 0, or -1. */
int crash_allow(struct rules *rules);

/* Between crash.c and fault.c: begins the report with what does not change any more. */
void crash_prepare(const char *tender, const struct image *image, uint64_t memory_size, uint32_t checksum);

/*
 * Completes the report in crash_text; `at_zero` is where the guest's address 0 lies. Returns its length. Runs in a signal handler, on a
 * thread pointer and behind memory that the guest may have changed (spt).
 */
size_t crash_complete(const struct fault *fault, const uint8_t *at_zero);

#endif
