/* The table of rules. See rules.h. */
#include "rules.h"

#include <stdarg.h>

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
