/* Descriptors, signals, capabilities, seccomp. See containment.h. */
#include "containment.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Longest filter the kernel takes (BPF_MAXINSNS). */
#define FILTER_MAX 4096

static int refuse(const char *what, struct refusal *why) {
    return fail(why, E_HOST, what, strerror(errno), "the tender needs Linux 5.9 or newer with seccomp");
}

/* All from 3 up but those in `kept`, which has no order. */
static int close_others(const int *kept, unsigned count) {
    for (unsigned from = STDERR_FILENO + 1;;) {
        unsigned next = ~0u;
        for (unsigned i = 0; i < count; i++)
            if ((unsigned)kept[i] >= from && (unsigned)kept[i] < next)
                next = (unsigned)kept[i];
        if (next > from && syscall(SYS_close_range, from, next == ~0u ? next : next - 1, 0u) != 0)
            return -1;
        if (next == ~0u)
            return 0;
        from = next + 1;
    }
}

int containment_begin(const int *kept, unsigned count, struct refusal *why) {
    /* Or a tap would become the guest's console. */
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            return refuse("/dev/null", why);
    if (close_others(kept, count) != 0)
        return refuse("closing inherited descriptors", why);

    /* Ignored signals and masks are inherited over exec; SIGTERM must end the guest whoever started it. */
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &plain, NULL); /* fails for SIGKILL, SIGSTOP and libc's own, which is as well */
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0)
        return refuse("signal mask", why);

    /* A guest's memory belongs in no core file that anybody finds. */
    struct rlimit no_core = {.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_CORE, &no_core) != 0)
        return refuse("core file limit", why);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return refuse("no new privileges", why);
    return 0;
}

static int drop_capabilities(struct refusal *why) {
    /* The bounding set needs CAP_SETPCAP to shrink; who has it not has nothing to lose by it either. */
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM)
            return refuse("capability bounding set", why);
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        return refuse("ambient capabilities", why);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};
    if (syscall(SYS_capset, &header, none) != 0)
        return refuse("dropping capabilities", why);
    return 0;
}

scmp_filter_ctx containment_filter(struct refusal *why) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL || seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0) {
        errno = ENOMEM;
        refuse("seccomp filter", why);
        return NULL;
    }
    return filter;
}

int containment_seal(scmp_filter_ctx filter, int broken, struct refusal *why) {
    /* seccomp_load() would free memory behind the filter it has just installed, so the program is taken out here. */
    static struct sock_filter program[FILTER_MAX];
    if (broken != 0) {
        errno = EINVAL;
        return refuse("seccomp rules", why);
    }
    int fd = memfd_create("seccomp", MFD_CLOEXEC);
    if (fd < 0 || seccomp_export_bpf(filter, fd) != 0)
        return refuse("seccomp filter", why);
    seccomp_release(filter);
    ssize_t size = pread(fd, program, sizeof program, 0);
    close(fd);
    if (size <= 0 || (size_t)size == sizeof program || (size_t)size % sizeof *program != 0) {
        errno = E2BIG;
        return refuse("seccomp filter", why);
    }
    struct sock_fprog code = {.len = (unsigned short)((size_t)size / sizeof *program), .filter = program};

    if (drop_capabilities(why) != 0)
        return -1;
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &code) != 0)
        return refuse("seccomp", why);
    return 0;
}
