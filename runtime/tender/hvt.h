/* The parts of kittiwake-hvt: a machine made by KVM, its page tables, its hypercalls. */
#ifndef KITTIWAKE_HVT_H
#define KITTIWAKE_HVT_H

#include "abi.h"
#include "error.h"
#include "events.h"
#include "image.h"
#include "rules.h"
#include "snapshot.h"

#include <linux/kvm.h>

/* A hypercall is a 32-bit address, and the guest's page tables have room for no more. */
#define HVT_MAX_MEMORY_MIB 4096ull

struct machine {
    int kvm;
    int vm;
    int vcpu;
    struct kvm_run *run; /* shared with the kernel */
    size_t run_size;
    uint8_t *memory; /* the guest's address 0 */
    uint64_t memory_size;
    struct hvt_ring *ring; /* behind guest memory; NULL: none */
    uint64_t tsc_hz;
};

/* ---- hvt_kvm.c: making the machine ---- */

/* Opens /dev/kvm and makes a virtual machine with zeroed memory and one processor. Returns 0, or -1 with `why`. */
int kvm_create(uint64_t memory_size, struct machine *machine, struct refusal *why);

/* Sets the processor to where the hvt ABI lets a guest begin. Returns 0, or -1 with `why`. */
int kvm_set_start(const struct machine *machine, uint64_t entry, struct refusal *why);

/* Closes what only making the machine needs. */
void kvm_close(const struct machine *machine);

/* Where the guest's processor stands, for messages; 0 if KVM does not say. */
uint64_t kvm_rip(const struct machine *machine);

/* ---- hvt_processor.c: what the guest sees of the processor ---- */

/* Both: before the guest runs. Return 0, or -1 with `why`. */
int kvm_set_cpuid(const struct machine *machine, struct refusal *why);

/* Registers of the model that the guest may use; all others are a general protection fault for it. */
int kvm_filter_msrs(const struct machine *machine, struct refusal *why);

/* ---- hvt_pages.c: the guest's first page tables and segment descriptors ---- */

/* Writes them into the lowest 64 KiB of guest memory; pages outside executable segments get the NX bit. 0, or -1. */
int pages_write(const struct machine *machine, const struct image *image, struct refusal *why);

#define PAGES_GDT 0x1000ull
#define PAGES_GDT_LIMIT 23
#define PAGES_ROOT 0x2000ull

/* ---- hvt_calls.c: what a guest may ask for ---- */

/* What a hypercall works on. */
struct calls {
    const struct options *options;
    const struct machine *machine;
    const struct image *image;
    const struct devices *devices;
    struct events events;
    struct debugger *debugger; /* gdb.h; NULL: none is wanted */
    uint64_t *cookie; /* where HALT has said that the guest's last words lie; 0: nowhere */
    struct snapshot *snapshot; /* what the guest was restored from, and what is written next */
};

#define CALL_DONE (-2) /* go on running the guest */

/* Carries out hypercall `number` with its argument at guest address `address`. CALL_DONE, the exit status, or -1 with `why`. */
int calls_handle(const struct calls *calls, unsigned number, uint32_t address, struct refusal *why);

/*
 * Whether the guest may do `access` to [address, address + size): what it may not touch itself the tender must not touch for
 * it, and the loader has protected those pages from the tender too. Nothing below 1 MiB may be written, and the ring is no memory
 * of the guest's.
 */
bool calls_may(const struct calls *calls, uint64_t address, uint64_t size, enum access access);

/* The descriptor behind the handle of a device of this type, or -1. */
int calls_device(const struct calls *calls, uint64_t handle, uint32_t type);

/* ---- hvt_net.c: frames ---- */

/* Called by the main thread and by the net ring's. */
/* Both return a solo5_result, for a handle that is a network device's and memory that was checked; `got` is set with SOLO5_OK. */
int net_read_frame(const struct calls *calls, unsigned handle, uint8_t *to, uint64_t size, uint64_t *got);
int net_write_frame(const struct calls *calls, unsigned handle, const uint8_t *frame, uint64_t size);

/* Takes devices out of the epoll set while their limit lets nothing in. Returns the ns until the first has tokens, UINT64_MAX for none. */
uint64_t net_hold(const struct calls *calls);

/* Adds the system calls of these but ppoll(2). Returns 0, or -1. */
int net_allow(struct rules *rules, const struct calls *calls);

/* ---- hvt_run.c: running the guest ---- */

/* Runs the guest to its end behind the filter. Returns its exit status, or -1 with `why`. */
int hvt_run(const struct calls *calls, struct refusal *why);

/* ---- hvt_fault.c ---- */

/* Writes down what `cause` has ended: the event if the guest broke the rules (it may also have given up), and the crash report. */
void hvt_fault(const struct calls *calls, const char *cause, bool broke_rules);

/* ---- hvt_stop.c: SIGTERM ---- */

/*
 * From now on the first SIGTERM asks the guest to end, by its notice and the event `event`; after `seconds` a second one ends
 * the tender. Returns 0, or -1 with `why`.
 */
int hvt_stop_arm(const struct machine *machine, int event, unsigned seconds, struct refusal *why);

/* The system calls of its handler. Returns 0, or -1. */
int hvt_stop_allow(struct rules *rules);

/* ---- hvt_snapshot.c: the processor's state ---- */

/* With --snapshot: from now on SIGUSR1 asks for one. Call it last before the filter. Returns 0, or -1 with `why`. */
int hvt_snapshot_arm(const struct calls *calls, struct refusal *why);

/* The system calls of a snapshot. Returns 0, or -1. */
int hvt_snapshot_allow(struct rules *rules, const struct calls *calls);

/* Whether one was asked for. KVM_RUN then completes what is pending and returns EINTR, a sleep of the guest ends. */
static inline bool hvt_snapshot_wanted(const struct calls *calls) {
    return __atomic_load_n(&calls->machine->run->immediate_exit, __ATOMIC_ACQUIRE) != 0;
}

/* Takes it; KVM_RUN must just have returned EINTR. Returns CALL_DONE, or the status to end with. */
int hvt_snapshot_take(const struct calls *calls, struct refusal *why);

/* Sets the processor to what it was, its clock last. Returns 0, or -1 with `why`. */
int hvt_snapshot_set(struct machine *machine, const struct snapshot *snapshot, const struct options *options, struct refusal *why);

/* ---- hvt_probe.c ---- */

/* Prints what KVM is good for as one line of JSON; within 2.5 s. Returns the exit status. */
int hvt_probe(void);

#endif
