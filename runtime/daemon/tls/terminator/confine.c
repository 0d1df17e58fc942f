/* See confine.h. */
#include "confine.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static int limited(int what, rlim_t most) {
    struct rlimit limit = {.rlim_cur = most, .rlim_max = most};
    return setrlimit(what, &limit);
}

/* Anything else fails, as if there were no such call; starting a program kills. */
static int sealed(void) {
    static const int calls[] = {
        SCMP_SYS(read),   SCMP_SYS(write),  SCMP_SYS(poll),      SCMP_SYS(ppoll),         SCMP_SYS(shutdown), SCMP_SYS(close),
        SCMP_SYS(brk),    SCMP_SYS(munmap), SCMP_SYS(mremap),    SCMP_SYS(madvise),       SCMP_SYS(futex),    SCMP_SYS(getrandom),
        SCMP_SYS(getpid), SCMP_SYS(exit),   SCMP_SYS(exit_group), SCMP_SYS(clock_gettime), SCMP_SYS(rt_sigreturn),
    };
    static const int deadly[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace)};
    static const int mappings[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (filter == NULL)
        return -1;
    int broken = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        broken |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    for (size_t i = 0; i < sizeof mappings / sizeof *mappings; i++)
        broken |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, mappings[i], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        broken |= seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
    errno = EINVAL;
    return broken != 0 || seccomp_load(filter) != 0 ? -1 : 0;
}

int confine(void) {
    /* The key is in memory: no core file, and nobody looks. */
    if (limited(RLIMIT_CORE, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return -1;
    if (limited(RLIMIT_DATA, MEMORY_MAX) != 0 || limited(RLIMIT_FSIZE, 0) != 0)
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return sealed();
}
