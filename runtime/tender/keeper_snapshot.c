/* Saving a traced guest. See keeper_snapshot.h. */
#include "keeper_snapshot.h"

#include "errors.h"
#include "eventlog.h"
#include "limits.h"
#include "snapshot_output.h"

#include <elf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000ull

/* The selector of 64-bit user code. */
#define USER_CS 0x33

/* Results of an interrupted system call that are never seen by a program: include/linux/errno.h of Linux. */
#define RESTART_FIRST 512
#define RESTART_LAST 516

/* How long the tender's part of the guest's process may take, where the host is busy, and how often that is looked at. */
#define PATIENCE_NS (10 * NSEC_PER_SEC)
#define NAP_NS 1000000

static int channel[2] = {-1, -1}; /* the keeper's end, the guest's end */

static struct {
    struct guest *guest;
    struct spt_view view;
    struct snapshot_output output;
    pid_t pid;
    int pidfd;
    int timer;
    bool watching;
} it;

int keeper_snapshot_prepare(struct refusal *why) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) == 0
               ? 0
               : fail(why, E_HOST, "preparing snapshots", strerror(errno), "raise 'ulimit -n'");
}

void keeper_snapshot_part(void) {
    if (channel[0] >= 0)
        close(channel[0]);
}

int keeper_snapshot_show(const struct spt_view *view, struct refusal *why) {
    char answer;
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* a change of user has made it untraceable; without core files nothing is dumped */
    bool shown = send(channel[1], view, sizeof *view, MSG_NOSIGNAL) == sizeof *view && recv(channel[1], &answer, 1, 0) == 1;
    close(channel[1]);
    return shown ? 0 : fail(why, E_HOST, "preparing snapshots", "its keeper has ended", "see its message");
}

static int refuse(const char *what, struct refusal *why) {
    return fail(why, E_HOST, what, strerror(errno), "snapshots need ptrace(2) and /proc; see 'sysctl kernel.yama.ptrace_scope'");
}

int keeper_snapshot_watch(struct guest *guest, pid_t pid, int pidfd, struct refusal *why) {
    it.guest = guest;
    it.pid = pid;
    it.pidfd = pidfd;
    close(channel[1]);
    if (snapshot_output_folder(guest->options.snapshot, &it.output, why) != 0)
        return -1;
    if (recv(channel[0], &it.view, sizeof it.view, 0) != sizeof it.view) {
        close(channel[0]);
        return 0;
    }
    if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL) != 0)
        return refuse("tracing the guest", why);
    it.watching = true;
    it.timer = (int)syscall(SYS_pidfd_getfd, pidfd, it.view.timer, 0u);
    if (it.timer < 0)
        return refuse("sharing the guest's timer", why);
    bool answered = send(channel[0], "", 1, MSG_NOSIGNAL) == 1;
    close(channel[0]);
    if (!answered)
        return refuse("answering the guest", why);
    return snapshot_output_memory(pid, NULL, &it.output, why);
}

int keeper_snapshot_allow(struct rules *rules) {
    if (!it.watching)
        return 0;
    static const unsigned long requests[] = {PTRACE_INTERRUPT, PTRACE_CONT, PTRACE_LISTEN, PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_GETREGSET};
    int broken = snapshot_output_allow(rules, &it.output);
    for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++)
        broken |= rules_add(rules, "holding the guest for a snapshot", SCMP_ACT_ALLOW, SCMP_SYS(ptrace), 2, SCMP_A0(SCMP_CMP_EQ, requests[i]),
                                   SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)it.pid));
    return broken | rules_add(rules, "the guest's timer for a snapshot", SCMP_ACT_ALLOW, SCMP_SYS(timerfd_gettime), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)it.timer));
}

/* ---- Stops of a traced process: ptrace(2), "Stopped states" ---- */

/* Takes note of a stop, if there is one. The end is left for the keeper to see. */
static bool stopped(int flags, int *status) {
    siginfo_t stop = {.si_pid = 0};
    if (waitid(P_PIDFD, (id_t)it.pidfd, &stop, WSTOPPED | flags) != 0 || stop.si_pid == 0)
        return false;
    *status = stop.si_status;
    return true;
}

static void pass(int status) {
    if (status >> 8 == PTRACE_EVENT_STOP && (status & 0xff) != SIGTRAP)
        ptrace(PTRACE_LISTEN, it.pid, 0, 0); /* stopped as by SIGSTOP: so it stays until SIGCONT */
    else
        ptrace(PTRACE_CONT, it.pid, 0, status >> 8 == 0 ? status & 0xff : 0);
}

void keeper_snapshot_pass(void) {
    int status;
    while (it.watching && stopped(WNOHANG, &status))
        pass(status);
}

/* Stops the guest between two instructions. Returns false if it has ended. */
static bool stop(void) {
    int status;
    ptrace(PTRACE_INTERRUPT, it.pid, 0, 0);
    for (;;) {
        siginfo_t end = {.si_pid = 0};
        if (waitid(P_PIDFD, (id_t)it.pidfd, &end, WSTOPPED | WEXITED | WNOWAIT) != 0 && errno == EINTR)
            continue;
        if (end.si_code != CLD_TRAPPED && end.si_code != CLD_STOPPED)
            return false;
        if (!stopped(WNOHANG, &status))
            return false;
        if (status >> 8 == PTRACE_EVENT_STOP)
            return true;
        pass(status);
    }
}

/* Whether it is at an instruction of its own. */
static bool is_guest(const struct user_regs_struct *registers) {
    return registers->rip < it.guest->options.memory_mib << 20 && registers->cs == USER_CS;
}

/* Stops it there. Where the tender's part of its process runs, before the first instruction or for a signal, that comes to its end first. */
static bool stop_in_guest(void) {
    struct user_regs_struct registers;
    for (uint64_t end = limits_now() + PATIENCE_NS; stop(); limits_sleep(NAP_NS)) {
        if (ptrace(PTRACE_GETREGS, it.pid, 0, &registers) != 0 || is_guest(&registers) || limits_now() >= end)
            return true;
        ptrace(PTRACE_CONT, it.pid, 0, 0);
    }
    return false;
}

/* ---- Reading its state ---- */

/* As if it had been stopped just before an interrupted system call, which is made anew: the guest sees nothing, here and there. */
static void rewind_call(struct user_regs_struct *registers) {
    long result = (long)registers->rax;
    bool restart = result <= -RESTART_FIRST && result >= -RESTART_LAST;
    bool sleeping = result == -EINTR && registers->orig_rax == SYS_epoll_pwait;
    if ((long)registers->orig_rax >= 0 && (restart || sleeping)) {
        registers->rax = registers->orig_rax;
        registers->rip -= 2; /* SYSCALL's length */
    }
    registers->orig_rax = (unsigned long)-1;
}

/* Returns NULL, or what failed, with errno. */
static const char *read_registers(struct spt_state *state) {
    if (ptrace(PTRACE_GETREGS, it.pid, 0, &state->registers) != 0)
        return "reading registers";
    if (!is_guest(&state->registers)) {
        errno = EBUSY;
        return "stopping the guest";
    }
    struct iovec xstate = {.iov_base = state->xstate, .iov_len = sizeof state->xstate};
    if (ptrace(PTRACE_GETREGSET, it.pid, NT_X86_XSTATE, &xstate) != 0)
        return "reading extended registers";
    state->xstate_size = (uint32_t)xstate.iov_len;
    rewind_call(&state->registers);
    return ptrace(PTRACE_SETREGS, it.pid, 0, &state->registers) != 0 ? "setting registers" : NULL;
}

static const char *read_clocks(struct spt_state *state) {
    struct timespec now;
    struct itimerspec left;
    struct pollfd timer = {.fd = it.timer, .events = POLLIN};
    const struct timespec at_once = {.tv_sec = 0};
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0 || timerfd_gettime(it.timer, &left) != 0)
        return "reading clocks";
    state->monotonic = (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec + (uint64_t)it.view.clock_offset;
    state->timer_left = (uint64_t)left.it_value.tv_sec * NSEC_PER_SEC + (uint64_t)left.it_value.tv_nsec;
    if (ppoll(&timer, 1, &at_once, NULL) > 0)
        state->timer_left = 1; /* it has gone off */
    return NULL;
}

static const char *read_state(struct spt_state *state) {
    memset(state, 0, sizeof *state);
    state->view = it.view;
    const char *failed = read_registers(state);
    return failed != NULL ? failed : read_clocks(state);
}

bool keeper_snapshot_take(bool goes_on) {
    static struct refusal why;
    struct snapshot *snapshot = &it.guest->snapshot;
    if (!it.watching || !stop_in_guest())
        return false;
    snapshot_describe(snapshot, ABI_SPT, &it.guest->options, &it.guest->image);
    struct spt_state *state = (struct spt_state *)snapshot->machine;
    const char *failed = read_state(state);
    snapshot->machine_size = (uint32_t)offsetof(struct spt_state, xstate) + state->xstate_size;
    int result = failed != NULL ? fail(&why, E_SNAPSHOT_FAILED, it.output.path, failed, strerror(errno)) : snapshot_write(&it.output, snapshot, &why);
    if (result != 0)
        report("kittiwake-spt", why.text);
    else
        eventlog_snapshot(it.output.path);
    if (goes_on || result != 0)
        ptrace(PTRACE_CONT, it.pid, 0, 0);
    return result == 0;
}
