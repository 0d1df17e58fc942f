/* Preparing for SIGTERM. See spt_stop.h. */
#include "spt_stop.h"

#include "abi.h"
#include "errors.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Everything the handler reads. Alone in its page, which becomes read-only. */
union spt_stop_page {
    struct {
        struct itimerspec limit;
        struct sock_fprog filter;
        uint64_t one;
        int timer;
        int event;
        struct sock_filter program[7];
    };
    uint8_t bytes[STOP_PAGE_SIZE];
};
extern union spt_stop_page spt_stop_page;
union spt_stop_page spt_stop_page __attribute__((aligned(STOP_PAGE_SIZE)));

static_assert(offsetof(union spt_stop_page, limit) == STOP_LIMIT && offsetof(union spt_stop_page, filter) == STOP_FILTER, "stop page");
static_assert(offsetof(union spt_stop_page, one) == STOP_ONE && offsetof(union spt_stop_page, timer) == STOP_TIMER, "stop page");
static_assert(offsetof(union spt_stop_page, event) == STOP_EVENT && offsetof(union spt_stop_page, program) == STOP_PROGRAM, "stop page");
static_assert(sizeof(union spt_stop_page) == STOP_PAGE_SIZE, "stop page");
static_assert(STOP_NOTICE == NOTICE_ADDRESS + offsetof(struct notice, stop), "stop page");

/* libc registers a structure of the thread's, in writable memory. */
static int give_up_restartable_sequences(void) {
    if (__rseq_size == 0)
        return 0;
    void *registered = (uint8_t *)__builtin_thread_pointer() + __rseq_offset;
    return (int)syscall(SYS_rseq, registered, sizeof(struct rseq), RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}

int spt_stop_arm(int event, int number, unsigned seconds, struct refusal *why) {
    union spt_stop_page *page = &spt_stop_page;
    struct sigevent signal = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
    struct sigaction action = {.sa_handler = spt_stop_entry, .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND | SA_NODEFER | SA_RESTART)};
    /* Not timer_create(3), which hides the number the filter has to know. */
    int broken = give_up_restartable_sequences();
    broken |= (int)syscall(SYS_timer_create, CLOCK_MONOTONIC, &signal, &page->timer);
    page->limit.it_value.tv_sec = seconds;
    page->one = 1;
    page->event = event;
    /* No timer_settime, and not this filter again. That of the seal comes behind it if SIGTERM comes before the seal. */
    const struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_timer_settime, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(uintptr_t)&page->filter, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    static_assert(sizeof program == sizeof page->program, "stop page");
    memcpy(page->program, program, sizeof program);
    page->filter = (struct sock_fprog){.len = sizeof program / sizeof *program, .filter = page->program};
    broken |= mprotect(page, sizeof *page, PROT_READ);
    if (broken == 0)
        broken = sigaction(number, &action, NULL);
    if (broken != 0)
        return fail(why, E_HOST, "preparing for SIGTERM", strerror(errno), "give '--stop-timeout=0' to end guests at once");
    return 0;
}

int spt_stop_allow(struct rules *rules) {
    const uint32_t yes = SCMP_ACT_ALLOW;
    const union spt_stop_page *page = &spt_stop_page;
    return rules_add(rules, "ending a guest that was asked to end", yes, SCMP_SYS(timer_settime), 4, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)page->timer),
                            SCMP_A1(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)&page->limit), SCMP_A3(SCMP_CMP_EQ, 0)) |
           rules_add(rules, "giving that up, so that it cannot be postponed", yes, SCMP_SYS(seccomp), 3, SCMP_A0(SCMP_CMP_EQ, SECCOMP_SET_MODE_FILTER),
                            SCMP_A1(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)&page->filter)) |
           rules_add(rules, "waking the guest to ask it to end", yes, SCMP_SYS(write), 3, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)page->event),
                            SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)&page->one), SCMP_A2(SCMP_CMP_EQ, sizeof page->one));
}
