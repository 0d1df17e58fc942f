/* Standing by. See keeper.h. */
#include "keeper.h"

#include "containment.h"
#include "errors.h"
#include "eventlog.h"
#include "keeper_block.h"
#include "keeper_snapshot.h"
#include "keeper_interface.h"
#include "keeper_relay.h"
#include "limits.h"
#include "notice.h"
#include "pcap.h"
#include "stats.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct keeper_page *keeper_page;

struct keeper {
    pid_t pid;    /* its own */
    pid_t guest;
    int guest_fd; /* refers to the guest's process for as long as this one lives, whatever becomes of the number */
    int signals;
    int ending;   /* by this signal; 0: nobody sent one */
    bool can_ask; /* the guest is asked to end before it is ended */
    bool ends_saved; /* the first snapshot is the guest's end */
    bool saved;      /* and that was it */
};

/* How old statistics may be that somebody else counts. */
#define INTERVAL_NS RATE_NS_PER_SEC

static pid_t keeper_pid; /* in the guest's process: its keeper's */

/* What ends a tender without a keeper. The guest's process ignores them: a terminal or a service manager may send them to both. */
static const int ENDING[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

static sigset_t ending_set(void) {
    sigset_t set;
    sigemptyset(&set);
    for (unsigned i = 0; i < sizeof ENDING / sizeof *ENDING; i++)
        sigaddset(&set, ENDING[i]);
    return set;
}

static int refuse(const char *what, struct refusal *why) {
    return fail(why, E_HOST, what, strerror(errno), "the tender needs Linux 5.9 or newer, and room for one more process");
}

static bool wanted(const struct options *options) {
    bool is = options->events != 0 || options->stats != NULL || options->snapshot != NULL;
    for (unsigned i = 0; i < options->net_count; i++)
        is |= relay_wanted(&options->net[i]);
    for (unsigned i = 0; i < options->block_count; i++)
        is |= (options->block[i].rate[0].rate | options->block[i].rate[1].rate) != 0;
    return is;
}

/* ---- In the guest's process ---- */

static int become_guest(void) {
    eventlog_close();
    stats_close();
    pcap_close();
    relays_close_taps();
    interfaces_close();
    keeper_snapshot_part();
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    for (unsigned i = 0; i < sizeof ENDING / sizeof *ENDING; i++)
        sigaction(ENDING[i], &ignore, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return 0;
}

int keeper_bind(struct refusal *why) {
    if (keeper_page == NULL)
        return 0;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return refuse("following the keeper", why);
    if (getppid() != keeper_pid) /* it died before */
        _exit(EX_OSERR);
    keeper_page->entered = 1; /* nothing but the filter is left to come */
    return 0;
}

/* ---- In the keeper ---- */

static int allow(struct rules *rules, const struct keeper *keeper) {
    const uint32_t yes = SCMP_ACT_ALLOW;
    scmp_datum_t guest = (scmp_datum_t)keeper->guest_fd;
    scmp_datum_t self = (scmp_datum_t)keeper->pid;
    int broken = eventlog_allow(rules) | keeper_snapshot_allow(rules) | interfaces_allow(rules) | relays_allow(rules) | blocks_allow(rules) |
                 pcap_allow(rules);
    broken |= rules_add(rules, "waiting for the guest", yes, SCMP_SYS(ppoll), 1, SCMP_A3(SCMP_CMP_EQ, 0));
    broken |= rules_add(rules, "signals that came", yes, SCMP_SYS(read), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)keeper->signals));
    broken |= rules_add(rules, "messages of the tender", yes, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO));
    broken |= rules_add(rules, "how the guest ended", yes, SCMP_SYS(waitid), 2, SCMP_A0(SCMP_CMP_EQ, P_PIDFD), SCMP_A1(SCMP_CMP_EQ, guest));
    broken |= rules_add(rules, "asking the guest to end, and ending it", yes, SCMP_SYS(pidfd_send_signal), 1, SCMP_A0(SCMP_CMP_EQ, guest));
    broken |= rules_add(rules, "time stamps of events", yes, SCMP_SYS(clock_gettime), 0);
    broken |= rules_add(rules, "the end", yes, SCMP_SYS(exit_group), 0);
    /* To end by the signal that ended the guest. */
    broken |= rules_add(rules, "ending by the signal that ended the guest", yes, SCMP_SYS(rt_sigaction), 0);
    broken |= rules_add(rules, "ending by the signal that ended the guest", yes, SCMP_SYS(rt_sigprocmask), 0);
    return broken | rules_add(rules, "ending by the signal that ended the guest", yes, SCMP_SYS(tgkill), 2, SCMP_A0(SCMP_CMP_EQ, self), SCMP_A1(SCMP_CMP_EQ, self));
}

static _Noreturn void end_by_signal(const struct keeper *keeper, int number) {
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    sigaction(number, &plain, NULL);
    syscall(SYS_tgkill, keeper->pid, keeper->pid, number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    _exit(128 + number); /* a signal that ends nobody did not end the guest either */
}

static void signal_guest(const struct keeper *keeper, int number) {
    syscall(SYS_pidfd_send_signal, keeper->guest_fd, number, NULL, 0u); /* fails if it has ended: then that is seen next */
}

/* Whoever sends the keeper a signal that ends a tender means the guest. */
static void take_signal(struct keeper *keeper) {
    struct signalfd_siginfo info;
    if (read(keeper->signals, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo == SIGCHLD) {
        keeper_snapshot_pass();
        return;
    }
    if (info.ssi_signo == SIGUSR1) {
        blocks_release(); /* which could not be stopped before it has its answer */
        keeper->saved |= keeper_snapshot_take(!keeper->ends_saved) && keeper->ends_saved;
        if (keeper->saved)
            signal_guest(keeper, SIGKILL);
        return;
    }
    keeper->ending = (int)info.ssi_signo;
    if (keeper->can_ask && keeper->ending == SIGTERM)
        eventlog_stopping();
    signal_guest(keeper, keeper->can_ask && keeper->ending == SIGTERM ? KEEPER_ASKS : SIGKILL);
    keeper->can_ask = false; /* and the guest's process ends itself when its time is over: spt_stop.h */
}

static const char *fault_text(int number) {
    switch (number) {
    case SIGSEGV: return "it used memory it may not, or a privileged instruction";
    case SIGILL: return "it executed an instruction that does not exist";
    case SIGFPE: return "it divided by zero, or a quotient was too large";
    case SIGTRAP: return "it reached a breakpoint";
    case SIGBUS: return "the host could not give it the memory";
    case SIGSYS: return "it made a system call it may not make";
    default: return NULL;
    }
}

static void tell_fault(const char *text) {
    struct json_line *line = eventlog_begin("fault");
    if (line == NULL)
        return;
    json_text(line, "message", text, 256);
    if (keeper_page->fault != 0) {
        json_hex(line, "address", keeper_page->address);
        registers_json(line, "registers", &keeper_page->registers);
    }
    eventlog_end(line);
}

/* Ends as the guest did. */
static _Noreturn void follow(const struct keeper *keeper, const siginfo_t *end) {
    bool killed = end->si_code != CLD_EXITED;
    int number = end->si_status;
    const char *fault = fault_text(killed ? number : (int)keeper_page->fault);
    relays_finish();
    interfaces_read();
    if (keeper->saved && killed) {
        eventlog_exit(0, "exited", "its snapshot is written");
        stats_ended(STATS_EXITED, 0);
        _exit(0);
    }
    if (keeper->ending != 0 && killed) {
        eventlog_signal(keeper->ending);
        stats_ended(STATS_SIGNAL, keeper->ending);
        end_by_signal(keeper, keeper->ending);
    }
    if (fault != NULL)
        tell_fault(fault);
    if (killed && fault == NULL)
        eventlog_signal(number);
    else
        eventlog_exit(killed ? 128 + number : number, fault != NULL ? "fault" : keeper_page->entered ? "exited" : "refused", fault);
    stats_ended(fault != NULL ? STATS_FAULT : killed ? STATS_SIGNAL : STATS_EXITED, number);
    if (killed)
        end_by_signal(keeper, number);
    _exit(number);
}

static _Noreturn void keep(struct keeper *keeper) {
    enum { GUEST, SIGNALS, BLOCKS, RELAYS };
    uint64_t next = limits_now() + INTERVAL_NS;
    for (;;) {
        static struct pollfd wait[RELAYS + RELAYS_WAIT_MAX];
        uint64_t now = limits_now();
        uint64_t soonest = interfaces_known() ? next : UINT64_MAX;
        wait[GUEST] = (struct pollfd){.fd = keeper->guest_fd, .events = POLLIN};
        wait[SIGNALS] = (struct pollfd){.fd = keeper->signals, .events = POLLIN};
        wait[BLOCKS] = (struct pollfd){.fd = blocks_wait(now, &soonest), .events = POLLIN};
        unsigned count = RELAYS + relays_wait(wait + RELAYS, now, &soonest);
        uint64_t ns = soonest > now ? soonest - now : 0;
        struct timespec time = {.tv_sec = (time_t)(ns / RATE_NS_PER_SEC), .tv_nsec = (long)(ns % RATE_NS_PER_SEC)};
        if (ppoll(wait, count, soonest == UINT64_MAX ? NULL : &time, NULL) < 0)
            continue; /* EINTR: stopped and continued */
        if (limits_now() >= next) {
            next = limits_now() + INTERVAL_NS;
            interfaces_read();
        }
        relays_move(wait + RELAYS);
        blocks_answer(wait[BLOCKS].revents & POLLIN);
        if (wait[SIGNALS].revents != 0)
            take_signal(keeper);
        siginfo_t end = {.si_pid = 0};
        if (wait[GUEST].revents != 0 && waitid(P_PIDFD, (id_t)keeper->guest_fd, &end, WEXITED) == 0 && end.si_pid != 0)
            follow(keeper, &end);
    }
}

/* Returns -1 with `why` if it cannot; the guest's process is then ended. */
static int become_keeper(struct guest *guest, struct keeper *keeper, const sigset_t *ending, struct refusal *why) {
    relays_close_sockets(&guest->devices);
    blocks_take();
    keeper->guest_fd = (int)syscall(SYS_pidfd_open, keeper->guest, 0u);
    keeper->signals = signalfd(-1, ending, SFD_CLOEXEC | SFD_NONBLOCK);
    struct rules *rules = containment_rules();
    int broken = -1;
    /* Not dumpable: what core_pattern pipes to a program heeds no limit of size. */
    if (keeper->guest_fd < 0 || keeper->signals < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        refuse("watching the guest", why);
    else if (guest->options.snapshot == NULL || keeper_snapshot_watch(guest, keeper->guest, keeper->guest_fd, why) == 0)
        broken = containment_seal(rules, allow(rules, keeper), NULL, why);
    if (broken != 0) {
        kill(keeper->guest, SIGKILL);
        return -1;
    }
    stats_started(keeper->pid, keeper->guest);
    eventlog_started(keeper->pid, keeper->guest, "kittiwake-spt", &guest->options, &guest->image);
    keep(keeper);
}

int keeper_start(struct guest *guest, struct refusal *why) {
    if (!wanted(&guest->options) || guest->options.show_sandbox)
        return 0;
    struct keeper keeper = {.pid = getpid(), .can_ask = notice_can_stop(&guest->image, guest->options.stop_timeout),
                            .ends_saved = guest->options.snapshot_exit};
    keeper_page = mmap(NULL, sizeof *keeper_page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (keeper_page == MAP_FAILED)
        return refuse("keeper", why);
    const struct mft *manifest = &guest->image.manifest;
    if (relays_open(&guest->options, manifest, &guest->devices, why) != 0 || blocks_open(manifest, &guest->devices, why) != 0)
        return -1;
    if (guest->options.stats != NULL && interfaces_open(&guest->devices, manifest, why) != 0) /* what is a tap still */
        return -1;
    if (guest->options.snapshot != NULL && keeper_snapshot_prepare(why) != 0)
        return -1;
    sigset_t ending = ending_set(); /* blocked from here on, so that none gets lost on the way to signalfd(2) */
    if (guest->options.snapshot != NULL) {
        sigaddset(&ending, SIGUSR1);
        sigaddset(&ending, SIGCHLD);
    }
    if (sigprocmask(SIG_BLOCK, &ending, NULL) != 0 || (keeper.guest = fork()) < 0)
        return refuse("keeper", why);
    if (keeper.guest != 0)
        return become_keeper(guest, &keeper, &ending, why);
    keeper_pid = keeper.pid;
    return become_guest();
}
