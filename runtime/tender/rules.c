/* The table of rules, and the filter made from it. See rules.h. */
#define RULES_IMPLEMENTATION
#include "rules.h"

#include "errors.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int rules_add(struct rules *rules, const char *why, uint32_t action, int call, unsigned count, ...) {
    if (rules->count == RULES_MAX || count > RULE_CHECKS_MAX)
        return -1;
    struct rule *rule = &rules->rule[rules->count++];
    *rule = (struct rule){.why = why, .subject = rules->subject, .action = action, .call = call, .count = count};
    va_list checks;
    va_start(checks, count);
    for (unsigned i = 0; i < count; i++)
        rule->check[i] = va_arg(checks, struct scmp_arg_cmp);
    va_end(checks);
    return 0;
}

int rule_descriptor(const struct rule *rule) {
    switch (rule->call) {
    case SCMP_SYS(clock_gettime):
    case SCMP_SYS(arch_prctl):
    case SCMP_SYS(timer_settime):
    case SCMP_SYS(ptrace):
    case SCMP_SYS(seccomp):
    case SCMP_SYS(tgkill): return -1; /* their first argument is something else */
    }
    /* waitid(P_PIDFD, fd, ...) */
    unsigned argument = rule->call == SCMP_SYS(waitid) ? 1 : 0;
    for (unsigned i = 0; i < rule->count; i++)
        if (rule->check[i].arg == argument && rule->check[i].op == SCMP_CMP_EQ)
            return (int)rule->check[i].datum_a;
    return -1;
}

int rules_compile(const struct rules *rules, int broken, struct sock_filter code[FILTER_MAX], struct sock_fprog *program, struct refusal *why) {
    const size_t room = FILTER_MAX * sizeof *code;
    /* seccomp_load() would free memory behind the filter it has just installed, so the program is taken out here. */
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int error = broken != 0 ? -EINVAL : filter == NULL ? -ENOMEM : seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    for (unsigned i = 0; i < rules->count && error == 0; i++) {
        const struct rule *rule = &rules->rule[i];
        error = seccomp_rule_add_array(filter, rule->action, rule->call, rule->count, rule->check);
    }
    int fd = memfd_create("seccomp", MFD_CLOEXEC);
    if (error == 0)
        error = fd < 0 ? -errno : seccomp_export_bpf(filter, fd);
    seccomp_release(filter);
    ssize_t size = error != 0 ? 0 : pread(fd, code, room, 0);
    close(fd);
    if (error == 0 && (size <= 0 || (size_t)size == room || (size_t)size % sizeof *code != 0))
        error = -E2BIG;
    if (error != 0)
        return fail(why, E_HOST, "seccomp filter", strerror(-error), "the tender needs Linux 5.9 or newer with seccomp");
    *program = (struct sock_fprog){.len = (unsigned short)((size_t)size / sizeof *code), .filter = code};
    return 0;
}
