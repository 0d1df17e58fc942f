/*
 * SIGTERM under hvt. The first one asks the guest to end, and starts a timer that sends the second, which ends the tender by
 * its default action; with '--events' it tells of it before. Nothing of this is in the guest's reach.
 */
#include "errors.h"
#include "eventlog.h"
#include "hvt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What the handler needs; written once, before it is installed. */
static struct {
    struct notice *notice;
    int event;
    int timer;
    struct itimerspec limit;
    bool asked;
} stop;

/* The kernel's struct sigaction for the default action, in memory that cannot be written. */
static const uint64_t by_default[4];

static void on_terminate(int number) {
    (void)number;
    int saved = errno;
    const uint64_t one = 1;
    if (__atomic_exchange_n(&stop.asked, true, __ATOMIC_RELAXED)) { /* not reached without '--events' */
        syscall(SYS_rt_sigaction, SIGTERM, by_default, NULL, sizeof(uint64_t));
        eventlog_end_by(SIGTERM);
    }
    syscall(SYS_timer_settime, stop.timer, 0, &stop.limit, NULL);
    __atomic_store_n(&stop.notice->stop, 1, __ATOMIC_RELEASE);
    ssize_t written = write(stop.event, &one, sizeof one);
    eventlog_stopping();
    (void)written; /* nothing can be done about it, and the timer runs */
    errno = saved;
}

int hvt_stop_arm(const struct machine *machine, int event, unsigned seconds, struct refusal *why) {
    stop.notice = (struct notice *)(machine->memory + NOTICE_ADDRESS);
    stop.event = event;
    stop.limit.it_value.tv_sec = seconds;
    /* Not timer_create(3), which hides the number the filter has to know. */
    struct sigevent signal = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM};
    struct sigaction action = {.sa_handler = on_terminate, .sa_flags = SA_NODEFER | SA_RESTART};
    if (!eventlog_is_open())
        action.sa_flags |= (int)SA_RESETHAND;
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &signal, &stop.timer) != 0 || sigaction(SIGTERM, &action, NULL) != 0)
        return fail(why, E_HOST, "preparing for SIGTERM", strerror(errno), "give '--stop-timeout=0' to end guests at once");
    return 0;
}

int hvt_stop_allow(struct rules *rules) {
    const uint32_t yes = SCMP_ACT_ALLOW;
    int broken = 0;
    if (eventlog_is_open())
        broken = rules_add(rules, "the second SIGTERM's default action", yes, SCMP_SYS(rt_sigaction), 3, SCMP_A0(SCMP_CMP_EQ, SIGTERM),
                           SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)by_default), SCMP_A2(SCMP_CMP_EQ, 0));
    return broken | rules_add(rules, "going back from the handler of SIGTERM", yes, SCMP_SYS(rt_sigreturn), 0) |
           rules_add(rules, "waking the guest to ask it to end", yes, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)stop.event)) |
           rules_add(rules, "ending a guest that was asked to end", yes, SCMP_SYS(timer_settime), 3, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)stop.timer),
                            SCMP_A1(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)&stop.limit));
}
