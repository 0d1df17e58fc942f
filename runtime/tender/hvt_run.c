/* Running the guest's processor, and what its exits mean. See hvt.h. */
#include "containment.h"
#include "dumpcore.h"
#include "errors.h"
#include "eventlog.h"
#include "fault.h"
#include "gdb.h"
#include "hvt.h"
#include "hvt_ring.h"
#include "notice.h"
#include "pcap.h"
#include "stats.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* The system calls of the loop, each bound to the descriptor or request it is for. Returns 0, or -1. */
static int allow(struct rules *rules, const struct calls *calls) {
    const uint32_t yes = SCMP_ACT_ALLOW;
    scmp_datum_t vcpu = (scmp_datum_t)calls->machine->vcpu;
    int broken = 0;
    broken |= rules_add(rules, "running the guest", yes, SCMP_SYS(ioctl), 3, SCMP_A0(SCMP_CMP_EQ, vcpu), SCMP_A1(SCMP_CMP_EQ, KVM_RUN),
                        SCMP_A2(SCMP_CMP_EQ, 0));
    broken |= rules_add(rules, "registers for messages and crash reports", yes, SCMP_SYS(ioctl), 2, SCMP_A0(SCMP_CMP_EQ, vcpu), SCMP_A1(SCMP_CMP_EQ, KVM_GET_REGS));
    broken |= rules_add(rules, "registers for crash reports", yes, SCMP_SYS(ioctl), 2, SCMP_A0(SCMP_CMP_EQ, vcpu), SCMP_A1(SCMP_CMP_EQ, KVM_GET_SREGS));
    broken |= rules_add(rules, "the console", yes, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, STDOUT_FILENO));
    broken |= rules_add(rules, "messages of the tender", yes, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO));
    broken |= rules_add(rules, "a console that is full, a device whose other end is gone", yes, SCMP_SYS(ppoll), 2,
                        SCMP_A1(SCMP_CMP_EQ, 1), SCMP_A3(SCMP_CMP_EQ, 0));
    broken |= rules_add(rules, "the end", yes, SCMP_SYS(exit_group), 0);
    broken |= rules_add(rules, "the wall clock", yes, SCMP_SYS(clock_gettime), 1, SCMP_A0(SCMP_CMP_EQ, CLOCK_REALTIME));
    broken |= rules_add(rules, "the clock of limits", yes, SCMP_SYS(clock_gettime), 1, SCMP_A0(SCMP_CMP_EQ, CLOCK_MONOTONIC));
    broken |= rules_add(rules, "waiting for a limit", yes, SCMP_SYS(ppoll), 2, SCMP_A1(SCMP_CMP_EQ, 0), SCMP_A3(SCMP_CMP_EQ, 0));
    broken |= rules_add(rules, "sleeping, without a mask of signals", yes, SCMP_SYS(epoll_pwait), 2, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)calls->events.epoll),
                               SCMP_A4(SCMP_CMP_EQ, 0));
    broken |= rules_add(rules, "the time to wake up", yes, SCMP_SYS(timerfd_settime), 3,
                        SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)calls->events.timer), SCMP_A1(SCMP_CMP_EQ, 0), SCMP_A3(SCMP_CMP_EQ, 0));
    unsigned handles[MAX_DEVICES];
    broken |= net_allow(rules, calls);
    unsigned count = devices_of(calls->devices, &calls->image->manifest, MFT_BLOCK_BASIC, handles);
    for (unsigned i = 0; i < count; i++) {
        const struct mft_entry *entry = &calls->image->manifest.e[handles[i]];
        struct scmp_arg_cmp fd = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)calls->devices->fd[handles[i]]);
        struct scmp_arg_cmp size = SCMP_A2(SCMP_CMP_LE, entry->u.block.capacity);
        struct scmp_arg_cmp within = SCMP_A3(SCMP_CMP_LT, entry->u.block.capacity);
        rules->subject = entry->name;
        broken |= rules_add(rules, "sectors to the guest", yes, SCMP_SYS(pread64), 3, fd, size, within);
        if (!calls->devices->read_only[handles[i]])
            broken |= rules_add(rules, "sectors of the guest", yes, SCMP_SYS(pwrite64), 3, fd, size, within);
    }
    rules->subject = NULL;
    return broken;
}

static int stopped(const struct calls *calls, const char *cause, struct refusal *why) {
    return fail(why, E_GUEST_STOP, cause, (unsigned long long)kvm_rip(calls->machine));
}

/* A hypercall is one 32-bit OUT to its own port; anything else at any port is a fault. */
static int port_access(const struct calls *calls, struct refusal *why) {
    const struct kvm_run *run = calls->machine->run;
    unsigned number = (unsigned)run->io.port - HVT_PORT_BASE;
    if (run->io.direction != KVM_EXIT_IO_OUT || run->io.size != 4 || run->io.count != 1 || number >= HVT_CALL_END)
        return fail(why, E_GUEST_PORT, run->io.size, run->io.direction == KVM_EXIT_IO_OUT ? "write" : "read", run->io.port,
                    (unsigned long long)kvm_rip(calls->machine));
    uint32_t address;
    if (run->io.data_offset > calls->machine->run_size - sizeof address)
        return stopped(calls, "KVM gave no operand", why);
    memcpy(&address, (const uint8_t *)run + run->io.data_offset, sizeof address);
    count(&stats->calls[number], 1);
    return calls_handle(calls, number, address, why);
}

static int guest_exit(const struct calls *calls, struct refusal *why) {
    const struct kvm_run *run = calls->machine->run;
    switch (run->exit_reason) {
    case KVM_EXIT_IO: return port_access(calls, why);
    case KVM_EXIT_INTR: return CALL_DONE;
    case KVM_EXIT_HLT: return stopped(calls, "it halted the processor", why);
    case KVM_EXIT_SHUTDOWN: return stopped(calls, "triple fault: it faulted with no handler for it", why);
    case KVM_EXIT_MMIO: return stopped(calls, "it used memory it has not, or wrote memory it may only read", why);
    case KVM_EXIT_INTERNAL_ERROR: return stopped(calls, "KVM cannot run this instruction; 'kittiwake-hvt --probe-kvm' says whether it is real", why);
    case KVM_EXIT_FAIL_ENTRY: return stopped(calls, "the processor refused to run it", why);
    default: return stopped(calls, "it stopped for a reason this tender does not know", why);
    }
}

/* By a signal; the ring's thread sends one where the guest broke its rules. */
static int interrupted(const struct calls *calls, struct refusal *why) {
    calls->machine->run->immediate_exit = 0;
    return ring_broken(why) ? -1 : CALL_DONE;
}

int hvt_run(const struct calls *calls, struct refusal *why) {
    int pid = getpid();
    bool stops = notice_can_stop(calls->image, calls->options->stop_timeout);
    if (stops && hvt_stop_arm(calls->machine, calls->events.notice, calls->options->stop_timeout, why) != 0)
        return -1;
    if (eventlog_catch(!stops, why) != 0 || dumpcore_open(calls->options->dumpcore, why) != 0 || hvt_snapshot_arm(calls, why) != 0 ||
        containment_confine(calls->options, why) != 0)
        return -1;
    struct rules *rules = containment_rules();
    int broken = allow(rules, calls) | eventlog_allow(rules) | eventlog_catch_allow(rules) | pcap_allow(rules) | crash_allow(rules) |
                 dumpcore_allow(rules) | (stops ? hvt_stop_allow(rules) : 0) | (calls->debugger != NULL ? gdb_allow(rules, calls->debugger) : 0) |
                 hvt_snapshot_allow(rules, calls) | ring_allow(rules, calls);
    if (containment_seal(rules, broken, ring_thread(calls), why) != 0)
        return -1;
    eventlog_started(pid, pid, "kittiwake-hvt", calls->options, calls->image);
    stats_started(pid, pid);
    struct debugger *debugger = calls->debugger;
    int status = debugger == NULL ? CALL_DONE : gdb_start(debugger);
    while (status == CALL_DONE) {
        int ran = ioctl(calls->machine->vcpu, KVM_RUN, 0);
        count(&stats->exits[STATS_EXITS_ALL], 1);
        if (ran == 0) {
            if (debugger == NULL || !gdb_exit(debugger, &status))
                status = guest_exit(calls, why);
        } else if (errno == EFAULT) { /* KVM could not use the host's page for the guest */
            status = stopped(calls, calls->options->restore == NULL ? "it wrote memory it may only read (host/guest translation fault)"
                             : "it wrote memory it may only read, or its snapshot was cut short (host/guest translation fault)", why);
        } else if (errno == EINTR || errno == EAGAIN) {
            count(&stats->exits[STATS_EXITS_INTERRUPTED], 1);
            if (calls->machine->ring != NULL) /* it has no debugger and no snapshots */
                status = interrupted(calls, why);
            else if (debugger != NULL) /* what was pending, such as a hypercall's end, KVM has completed */
                status = gdb_look(debugger);
            else if (hvt_snapshot_wanted(calls))
                status = hvt_snapshot_take(calls, why);
        } else {
            return fail(why, E_HOST, "KVM_RUN", strerror(errno), "see 'dmesg'");
        }
    }
    if (debugger != NULL)
        gdb_end(debugger, status);
    if (status < 0 || status == EXIT_GUEST_FAULT)
        hvt_fault(calls, status < 0 ? why->text : "the guest ended with status 255", status < 0);
    return status;
}
