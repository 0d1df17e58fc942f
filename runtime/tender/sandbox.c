/* The effective sandbox as text. See sandbox.h. Nothing here is taken from the command line: what the kernel holds is asked for. */
#include "sandbox.h"

#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Highest descriptor that is looked at; the tender's own are few, and inherited ones were named on the command line. */
#define DESCRIPTORS_MAX 65536

static void show_user(void) {
    uid_t user[3];
    gid_t group[3];
    getresuid(&user[0], &user[1], &user[2]);
    getresgid(&group[0], &group[1], &group[2]);
    printf("user: real %u, effective %u, saved %u\n", user[0], user[1], user[2]);
    printf("group: real %u, effective %u, saved %u; %d supplementary\n", group[0], group[1], group[2], getgroups(0, NULL));
}

static void show_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    memset(data, 0xff, sizeof data);
    syscall(SYS_capget, &header, data);
    printf("capabilities: effective 0x%08x%08x, permitted 0x%08x%08x, inheritable 0x%08x%08x\n", data[1].effective, data[0].effective,
           data[1].permitted, data[0].permitted, data[1].inheritable, data[0].inheritable);
    uint64_t bounding = 0;
    for (int capability = 0, held; (held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0)) >= 0; capability++)
        bounding |= (uint64_t)held << capability;
    printf("bounding set: 0x%016llx\n", (unsigned long long)bounding);
    printf("no new privileges: %s\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "yes" : "no");
}

static void show_limits(void) {
    static const struct {
        const char *name;
        int resource;
    } limits[] = {
        {"core", RLIMIT_CORE},     {"nofile", RLIMIT_NOFILE},     {"nproc", RLIMIT_NPROC}, {"memlock", RLIMIT_MEMLOCK},
        {"msgqueue", RLIMIT_MSGQUEUE}, {"fsize", RLIMIT_FSIZE}, {"as", RLIMIT_AS},
    };
    printf("limits:");
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit now = {.rlim_max = RLIM_INFINITY};
        getrlimit(limits[i].resource, &now);
        printf("%s %s ", i > 0 ? "," : "", limits[i].name);
        if (now.rlim_max == RLIM_INFINITY)
            printf("unlimited");
        else
            printf("%llu", (unsigned long long)now.rlim_max);
    }
    printf("\n");
}

static void show_landlock(void) {
    int version = landlock_version();
    if (version == 0)
        printf("Landlock: not in this kernel\n");
    else
        printf("Landlock: version %d: no file by its path%s%s\n", version, version >= 4 ? ", no TCP port to bind or connect" : "",
               version >= 6 ? ", no process or abstract socket outside" : "");
}

static void show_purpose(const struct rule *rule) {
    printf("%s", rule->why);
    if (rule->subject != NULL)
        printf(" (%s)", rule->subject);
}

static void show_uses(const struct rules *rules, int fd, unsigned *uses) {
    for (unsigned i = 0; i < rules->count; i++) {
        if (rule_descriptor(&rules->rule[i]) != fd)
            continue;
        printf("%s", (*uses)++ > 0 ? "; " : "");
        show_purpose(&rules->rule[i]);
    }
}

/* Every descriptor there is, and what the rules let be done with it. */
static void show_descriptors(const struct rules *rules, const struct rules *thread) {
    printf("descriptors:\n");
    for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            continue;
        unsigned uses = 0;
        printf("  %d: ", fd);
        show_uses(rules, fd, &uses);
        if (thread != NULL && uses == 0)
            show_uses(thread, fd, &uses);
        printf("%s\n", uses > 0 ? "" : "no system call may use it");
    }
}

static const char *argument_name(int call, unsigned argument) {
    static const struct {
        int call;
        const char *name[5];
    } known[] = {
        {SCMP_SYS(read), {"fd", "to", "size"}},
        {SCMP_SYS(write), {"fd", "from", "size"}},
        {SCMP_SYS(pread64), {"fd", "to", "size", "offset"}},
        {SCMP_SYS(pwrite64), {"fd", "from", "size", "offset"}},
        {SCMP_SYS(ioctl), {"fd", "request", "argument"}},
        {SCMP_SYS(epoll_pwait), {"fd", "events", "count", "timeout", "mask"}},
        {SCMP_SYS(epoll_ctl), {"fd", "operation", "of", "event"}},
        {SCMP_SYS(ppoll), {"list", "count", "timeout", "mask"}},
        {SCMP_SYS(timerfd_settime), {"fd", "flags", "time", "old"}},
        {SCMP_SYS(timer_settime), {"timer", "flags", "time", "old"}},
        {SCMP_SYS(clock_gettime), {"clock", "to"}},
        {SCMP_SYS(arch_prctl), {"code", "address"}},
        {SCMP_SYS(seccomp), {"operation", "flags", "filter"}},
    };
    static const char *const plain[] = {"argument 0", "argument 1", "argument 2", "argument 3", "argument 4", "argument 5"};
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].call == call && argument < 5 && known[i].name[argument] != NULL)
            return known[i].name[argument];
    return argument < 6 ? plain[argument] : "argument";
}

static void show_check(int call, const struct scmp_arg_cmp *check) {
    const char *name = argument_name(call, check->arg);
    unsigned long long a = check->datum_a, b = check->datum_b;
    switch (check->op) {
    case SCMP_CMP_EQ: printf(a < 0x10000 ? "%s = %llu" : "%s = 0x%llx", name, a); break;
    case SCMP_CMP_LT: printf("%s < %llu", name, a); break;
    case SCMP_CMP_LE: printf("%s <= %llu", name, a); break;
    case SCMP_CMP_MASKED_EQ: printf("%s & 0x%llx = 0x%llx", name, a, b); break;
    default: printf("%s: comparison %d with 0x%llx", name, (int)check->op, a);
    }
}

static void show_rules(const struct rules *rules) {
    for (unsigned i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, rule->call);
        printf("  %s(", name != NULL ? name : "?");
        free(name);
        for (unsigned j = 0; j < rule->count; j++) {
            printf("%s", j > 0 ? ", " : "");
            show_check(rule->call, &rule->check[j]);
        }
        printf(")%s: ", rule->action == SCMP_ACT_ALLOW ? "" : " fails");
        show_purpose(rule);
        printf("\n");
    }
}

void sandbox_show(const struct rules *rules, const struct rules *thread) {
    show_user();
    show_capabilities();
    show_landlock();
    show_limits();
    show_descriptors(rules, thread);
    printf("system calls (any other ends the process by SIGSYS):\n");
    show_rules(rules);
    if (thread != NULL) {
        printf("system calls of the net ring's thread:\n");
        show_rules(thread);
    }
    _exit(fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1);
}
