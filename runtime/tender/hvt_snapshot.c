/*
 * The processor of a virtual machine, saved and set (Documentation/virt/kvm/api.rst of Linux). What KVM takes of a hostile file is
 * KVM's to check: all of it a guest could have set itself. See hvt.h.
 *
 * SIGUSR1 asks for a snapshot. It is taken when KVM_RUN has returned without an exit, so between two instructions of the guest.
 */
#include "errors.h"
#include "eventlog.h"
#include "hvt.h"
#include "snapshot_output.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TSC 0x10
/* Machine-specific registers that a guest can set and KVM keeps. The last one is the clock, set last. */
static const uint32_t msr_index[] = {
    0x174, 0x175, 0x176, /* SYSENTER: CS, ESP, EIP */
    0x277, /* PAT */
    0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, /* STAR, LSTAR, CSTAR, FMASK */
    0xc0000102, 0xc0000103, /* KERNEL_GS_BASE, TSC_AUX; those of FS and GS are among the segments */
    TSC,
};
#define MSRS (sizeof msr_index / sizeof *msr_index)

/* What snapshot's `machine` holds. */
struct hvt_state {
    uint64_t tsc_hz;
    uint64_t has_msr; /* bit n: KVM knows msr_index[n] */
    uint64_t msr[MSRS];
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    struct kvm_xcrs xcrs;
    struct kvm_debugregs debugregs;
    struct kvm_vcpu_events events;
    uint8_t xsave[4096]; /* struct kvm_xsave without the room for AMX, which no guest is offered */
};
static_assert(sizeof(struct hvt_state) <= SNAPSHOT_MACHINE_SIZE, "snapshot");

struct msr_request {
    struct kvm_msrs header;
    struct kvm_msr_entry entry;
};

/* ---- Saving, behind the filter ---- */

static const struct {
    unsigned long request;
    size_t offset;
    const char *name;
} parts[] = {
    {KVM_GET_REGS, offsetof(struct hvt_state, regs), "KVM_GET_REGS"},
    {KVM_GET_SREGS, offsetof(struct hvt_state, sregs), "KVM_GET_SREGS"},
    {KVM_GET_XCRS, offsetof(struct hvt_state, xcrs), "KVM_GET_XCRS"},
    {KVM_GET_DEBUGREGS, offsetof(struct hvt_state, debugregs), "KVM_GET_DEBUGREGS"},
    {KVM_GET_VCPU_EVENTS, offsetof(struct hvt_state, events), "KVM_GET_VCPU_EVENTS"},
    {KVM_GET_XSAVE, offsetof(struct hvt_state, xsave), "KVM_GET_XSAVE"},
};
#define PARTS (sizeof parts / sizeof *parts)

static int save(const struct machine *machine, struct hvt_state *state, const char *path, struct refusal *why) {
    memset(state, 0, sizeof *state);
    state->tsc_hz = machine->tsc_hz;
    for (unsigned i = 0; i < PARTS; i++)
        if (ioctl(machine->vcpu, parts[i].request, (uint8_t *)state + parts[i].offset) != 0)
            return fail(why, E_SNAPSHOT_FAILED, path, parts[i].name, strerror(errno));
    for (unsigned i = 0; i < MSRS; i++) {
        struct msr_request msr = {.header.nmsrs = 1, .entry.index = msr_index[i]};
        if (ioctl(machine->vcpu, KVM_GET_MSRS, &msr) != 1)
            continue;
        state->has_msr |= 1ull << i;
        state->msr[i] = msr.entry.data;
    }
    return 0;
}

/* ---- Being asked ---- */

static struct snapshot_output output;

static struct {
    struct kvm_run *run;
    int timer;
} request;

/* Ends KVM_RUN before it enters the guest, and a guest's sleep, which looks at immediate_exit once the timer is set. */
static void on_request(int number) {
    (void)number;
    int saved = errno;
    const struct itimerspec now = {.it_value.tv_nsec = 1};
    request.run->immediate_exit = 1;
    timerfd_settime(request.timer, 0, &now, NULL);
    errno = saved;
}

int hvt_snapshot_arm(const struct calls *calls, struct refusal *why) {
    if (calls->options->snapshot == NULL)
        return 0;
    if (snapshot_output_folder(calls->options->snapshot, &output, why) != 0 ||
        snapshot_output_memory(getpid(), calls->machine->memory, &output, why) != 0)
        return -1;
    request.run = calls->machine->run;
    request.timer = calls->events.timer;
    struct sigaction action = {.sa_handler = on_request, .sa_flags = SA_RESTART};
    return sigaction(SIGUSR1, &action, NULL) == 0 ? 0 : fail(why, E_HOST, "preparing for SIGUSR1", strerror(errno), "see 'dmesg'");
}

int hvt_snapshot_allow(struct rules *rules, const struct calls *calls) {
    if (calls->options->snapshot == NULL)
        return 0;
    scmp_datum_t vcpu = (scmp_datum_t)calls->machine->vcpu;
    int broken = snapshot_output_allow(rules, &output) | rules_add(rules, "going back from the handler of SIGUSR1", SCMP_ACT_ALLOW, SCMP_SYS(rt_sigreturn), 0) |
                 rules_add(rules, "registers for a snapshot", SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2, SCMP_A0(SCMP_CMP_EQ, vcpu), SCMP_A1(SCMP_CMP_EQ, KVM_GET_MSRS));
    for (unsigned i = 0; i < PARTS; i++)
        broken |= rules_add(rules, "registers for a snapshot", SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2, SCMP_A0(SCMP_CMP_EQ, vcpu),
                                   SCMP_A1(SCMP_CMP_EQ, parts[i].request));
    return broken;
}

/* A snapshot that fails costs the guest nothing but the time. */
int hvt_snapshot_take(const struct calls *calls, struct refusal *why) {
    struct snapshot *snapshot = calls->snapshot;
    calls->machine->run->immediate_exit = 0; /* before: a request that comes meanwhile is another one */
    snapshot_describe(snapshot, ABI_HVT, calls->options, calls->image);
    snapshot->machine_size = sizeof(struct hvt_state);
    if (save(calls->machine, (struct hvt_state *)snapshot->machine, output.path, why) != 0 || snapshot_write(&output, snapshot, why) != 0) {
        report("kittiwake-hvt", why->text);
        return CALL_DONE;
    }
    eventlog_snapshot(output.path);
    return calls->options->snapshot_exit ? 0 : CALL_DONE;
}

/* ---- Setting, before the filter ---- */

static int refused(const char *call, struct refusal *why) {
    return fail(why, E_HOST, call, strerror(errno), "make the snapshot again on this host");
}

/* A counter within 250 millionths of the host's is taken as it is, another one only where the processor can scale. */
static int set_frequency(const struct machine *machine, const struct hvt_state *state, const char *name, struct refusal *why) {
    if (state->tsc_hz == machine->tsc_hz)
        return 0;
    if (state->tsc_hz % 1000 != 0 || state->tsc_hz / 1000 > UINT32_MAX || ioctl(machine->vcpu, KVM_SET_TSC_KHZ, state->tsc_hz / 1000) != 0)
        return fail(why, E_SNAPSHOT_CLOCK, name, "frequency of the time stamp counter");
    return 0;
}

static bool set_msr(const struct machine *machine, uint32_t index, uint64_t value) {
    struct msr_request msr = {.header.nmsrs = 1, .entry = {.index = index, .data = value}};
    return ioctl(machine->vcpu, KVM_SET_MSRS, &msr) == 1;
}

static int lost_status;

/* The tender touches for the guest what lay behind the end of a file that somebody has cut short. */
static void on_lost(int number) {
    (void)number;
    report("kittiwake-hvt", "snapshot: its file was cut short while the guest ran; restore from a whole copy");
    _exit(lost_status);
}

static int catch_loss(const struct options *options, struct refusal *why) {
    lost_status = options->sysexits ? EX_OSERR : 1;
    struct sigaction action = {.sa_handler = on_lost};
    return sigaction(SIGBUS, &action, NULL) == 0 ? 0 : refused("catching SIGBUS", why);
}

int hvt_snapshot_set(struct machine *machine, const struct snapshot *snapshot, const struct options *options, struct refusal *why) {
    const struct hvt_state *state = (const struct hvt_state *)snapshot->machine;
    if (snapshot->machine_size != sizeof *state)
        return fail(why, E_SNAPSHOT_MALFORMED, options->restore, "its registers are cut short");
    if (set_frequency(machine, state, options->restore, why) != 0 || catch_loss(options, why) != 0)
        return -1;
    machine->tsc_hz = state->tsc_hz;
    if (ioctl(machine->vcpu, KVM_SET_SREGS, &state->sregs) != 0)
        return refused("KVM_SET_SREGS", why);
    if (ioctl(machine->vcpu, KVM_SET_XCRS, &state->xcrs) != 0)
        return refused("KVM_SET_XCRS", why);
    if (ioctl(machine->vcpu, KVM_SET_XSAVE, state->xsave) != 0)
        return refused("KVM_SET_XSAVE", why);
    if (ioctl(machine->vcpu, KVM_SET_DEBUGREGS, &state->debugregs) != 0)
        return refused("KVM_SET_DEBUGREGS", why);
    if (ioctl(machine->vcpu, KVM_SET_VCPU_EVENTS, &state->events) != 0)
        return refused("KVM_SET_VCPU_EVENTS", why);
    if (ioctl(machine->vcpu, KVM_SET_REGS, &state->regs) != 0)
        return refused("KVM_SET_REGS", why);
    /* KVM takes a time that is within a second of the one it has for an attempt to synchronise processors, and leaves it: so first a far one. */
    set_msr(machine, TSC, state->msr[MSRS - 1] ^ 1ull << 62);
    for (unsigned i = 0; i < MSRS; i++)
        if ((state->has_msr >> i & 1) && !set_msr(machine, msr_index[i], state->msr[i]))
            return fail(why, E_HOST, "KVM_SET_MSRS", "a machine-specific register cannot have this value", "make the snapshot again on this host");
    return 0;
}
