/*
 * A gdb stub for hvt: --gdb, --gdb-port=N, --gdb=unix:PATH. One debugger connects before the guest's first instruction.
 *
 *   gdb_listen    where the debugger connects to
 *   gdb_packets   its packets
 *   gdb_hardware  whether the processor's own breakpoints work
 *   gdb_guest     what it looks at and changes: memory, registers, breakpoints
 *   gdb           what it asks for, and when the guest stops for it
 *
 * The guest knows nothing of it; when the debugger goes away, the guest runs on as if there never had been one.
 */
#ifndef KITTIWAKE_GDB_H
#define KITTIWAKE_GDB_H

#include "gdb_packets.h"
#include "hvt.h"
#include "options.h"
#include "rules.h"

#define BREAKPOINTS_MAX 64
#define HARDWARE_MAX 4 /* debug registers of x86 */

/* The numbers that gdb has for them. */
enum breakpoint_kind { BREAK_SOFTWARE, BREAK_HARDWARE, WATCH_WRITE, WATCH_READ, WATCH_ACCESS, BREAKPOINT_KINDS };

struct breakpoint {
    uint64_t address;
    uint64_t length;
    enum breakpoint_kind kind;
    uint8_t original; /* the byte that a software breakpoint stands in for, while it does */
    bool placed;
};

struct debugger {
    const struct machine *machine;
    const struct image *image;
    struct gdb_link link;
    int timer; /* of the guest's sleep, which ends when the debugger waits */
    unsigned breakpoint_count;
    struct breakpoint breakpoint[BREAKPOINTS_MAX];
    bool stepping;
    bool hardware; /* the processor's own breakpoints work */
    struct gdb_packet in, out;
};

/* ---- gdb_listen.c ---- */

/* Opens the socket the command line asks for; -1 in *fd where it asks for none. Returns 0, or -1 with `why`. */
int gdb_listen(const struct options *options, int *fd, struct refusal *why);

/*
 * Says where on standard error, waits for the debugger, and closes the socket. From then on what the debugger sends makes KVM_RUN and
 * POLL return early. Returns 0, or -1 with `why`.
 */
int gdb_accept(const struct options *options, int fd, struct debugger *debugger, struct refusal *why);

/* ---- gdb_hardware.c ---- */

/* Whether breakpoints in hardware and watchpoints work here. To be called before the filter is there. */
bool gdb_hardware(void);

/* ---- gdb_guest.c ---- */

/* Copies between the guest's memory at a virtual address and `bytes`, whatever the guest itself may do there. False: it is not mapped. */
bool guest_read(const struct debugger *debugger, uint64_t address, uint8_t *bytes, size_t size);
bool guest_write(const struct debugger *debugger, uint64_t address, const uint8_t *bytes, size_t size);

/* The registers as packet `g` has them. */
#define GDB_REGISTERS_SIZE 536
#define GDB_REGISTER_RIP 16
bool guest_read_registers(const struct debugger *debugger, uint8_t block[GDB_REGISTERS_SIZE]);
bool guest_write_registers(const struct debugger *debugger, const uint8_t block[GDB_REGISTERS_SIZE]);
/* Where register `number` stands in the block, and its size; 0: there is no such register. */
size_t guest_register(uint64_t number, size_t *offset);

/* Adds or removes one; the same twice is one. False: it makes no sense, or there is no room for it. */
bool breakpoint_add(struct debugger *debugger, const struct breakpoint *wanted);
void breakpoint_remove(struct debugger *debugger, const struct breakpoint *unwanted);
const struct breakpoint *breakpoint_at(const struct debugger *debugger, uint64_t address, enum breakpoint_kind kind);
/* The one that debug register `number` holds, or NULL. */
const struct breakpoint *breakpoint_in(const struct debugger *debugger, unsigned number);

/* Puts the breakpoints into guest and processor, and takes them out. They are in only while the guest runs. */
bool guest_arm(struct debugger *debugger);
void guest_disarm(struct debugger *debugger);

/* ---- gdb.c ---- */

/* What a filter must let through for all of this. Returns 0, or -1. */
int gdb_allow(struct rules *rules, const struct debugger *debugger);

/* The guest is about to begin: waits until the debugger lets it. CALL_DONE, or the exit status if the debugger ended the guest. */
int gdb_start(struct debugger *debugger);

/* KVM_RUN has returned: stops if a breakpoint was reached. True: it was one, and *status is as of gdb_start(). */
bool gdb_exit(struct debugger *debugger, int *status);

/* KVM_RUN was interrupted: looks whether the debugger wants the guest to stop. As gdb_start(). */
int gdb_look(struct debugger *debugger);

/* The guest has ended with `status`, or broken the rules (-1): says so, and in the latter case lets the debugger look around. */
void gdb_end(struct debugger *debugger, int status);

#endif
