/*
 * The network's sandbox. It has to open sockets for the guest, so it cannot be as tight as a tender's: it may not run programs, not
 * write files, read none but the host's list of name servers, and has no privileges. See usernet.h.
 */
#include "errors.h"
#include "landlock.h"
#include "usernet.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME_SERVERS "/etc/resolv.conf"
/* Whoever owns nothing, where the network was started by root. */
#define NOBODY 65534

static int refuse(const char *what, struct refusal *why) {
    return fail(why, E_HOST, what, strerror(errno), "the network needs Linux 5.9 or newer with seccomp");
}

/* The sockets of a thousand connections, and what libslirp keeps of them. */
static int limit(struct refusal *why) {
    static const struct {
        int what;
        rlim_t most;
    } limits[] = {{RLIMIT_NOFILE, 1024}, {RLIMIT_AS, 512u << 20}, {RLIMIT_CORE, 0}, {RLIMIT_FSIZE, 0}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit now;
        if (getrlimit(limits[i].what, &now) != 0)
            return refuse("resource limits", why);
        if (now.rlim_max == RLIM_INFINITY || now.rlim_max > limits[i].most)
            now.rlim_max = limits[i].most;
        now.rlim_cur = now.rlim_max;
        if (setrlimit(limits[i].what, &now) != 0)
            return refuse("resource limits", why);
    }
    return 0;
}

static int drop_user(struct refusal *why) {
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        return refuse("becoming nobody", why);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};
    if (syscall(SYS_capset, &header, none) != 0 || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        return refuse("dropping capabilities", why);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ? refuse("no new privileges", why) : 0;
}

/* No file but the name servers', where the kernel has Landlock. Where it is replaced by another one, that one cannot be read. */
static int hide_files(struct refusal *why) {
    struct landlock_path names = {.fd = open(NAME_SERVERS, O_PATH | O_CLOEXEC), .use = LANDLOCK_READ};
    int result = landlock_close(&names, names.fd >= 0 ? 1 : 0, LANDLOCK_TCP, why);
    if (names.fd >= 0)
        close(names.fd);
    return result;
}

/* What libslirp, glib's memory and the loop ask for. Anything else fails, as if there were no such call; starting a program kills. */
static int seal(int guest, struct refusal *why) {
    static const int calls[] = {
        SCMP_SYS(poll),       SCMP_SYS(ppoll),       SCMP_SYS(recvfrom),    SCMP_SYS(recvmsg),     SCMP_SYS(read),
        SCMP_SYS(write),      SCMP_SYS(close),       SCMP_SYS(listen),      SCMP_SYS(accept),      SCMP_SYS(accept4),
        SCMP_SYS(shutdown),   SCMP_SYS(getsockopt),  SCMP_SYS(setsockopt),  SCMP_SYS(getsockname), SCMP_SYS(getpeername),
        SCMP_SYS(fstat),      SCMP_SYS(newfstatat),  SCMP_SYS(lseek),       SCMP_SYS(brk),         SCMP_SYS(munmap),
        SCMP_SYS(mremap),     SCMP_SYS(madvise),     SCMP_SYS(futex),       SCMP_SYS(getrandom),   SCMP_SYS(exit),
        SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
    };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (filter == NULL)
        return refuse("seccomp", why);
    int broken = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        broken |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    broken |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
    broken |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, 4 /* PROT_EXEC */, 0));
    broken |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, 4, 0));
    /* Of a socket only, not of the terminal that the group still has. */
    static const unsigned long requests[] = {FIONREAD, FIONBIO};
    for (int r = 0; r < 2; r++)
        broken |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, requests[r]));
    /* Of the Internet only: no Unix socket of the host, no raw one, no netlink. */
    static const int families[] = {AF_INET, AF_INET6};
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    for (int f = 0; f < 2; f++)
        for (int t = 0; t < 2; t++)
            broken |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[f]),
                                       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, (scmp_datum_t)types[t]));
    /* The guest's own is one of Unix, which leads to others if it may be given an address. */
    static const int addressed[] = {SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(sendmsg), SCMP_SYS(sendto)};
    for (size_t i = 0; i < sizeof addressed / sizeof *addressed; i++)
        broken |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, addressed[i], 1, SCMP_A0(SCMP_CMP_LT, (scmp_datum_t)guest));
    broken |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 2, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)guest), SCMP_A4(SCMP_CMP_EQ, 0));
    /* O_NONBLOCK and FD_CLOEXEC. Others would have the kernel send signals. */
    static const int flags[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        broken |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)flags[i]));
    static const int deadly[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace),
                                 SCMP_SYS(process_vm_writev), SCMP_SYS(process_vm_readv)};
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        broken |= seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
    if (broken != 0) {
        errno = EINVAL;
        return refuse("seccomp rules", why);
    }
    if (seccomp_load(filter) != 0)
        return refuse("seccomp", why);
    seccomp_release(filter);
    return 0;
}

/* Gives it the highest number there is, so that the filter can tell it from all others, whose numbers it cannot know. */
static int set_apart(int *guest, struct refusal *why) {
    struct rlimit numbers;
    int highest = getrlimit(RLIMIT_NOFILE, &numbers) == 0 ? (int)numbers.rlim_cur - 1 : -1;
    if (highest < 0 || dup3(*guest, highest, O_CLOEXEC) < 0)
        return refuse("the guest's socket", why);
    close(*guest);
    *guest = highest;
    return 0;
}

/* The terminal, or what a pipe brings, is the guest's. */
static int leave_console(struct refusal *why) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (nothing < 0 || dup2(nothing, fd) < 0)
            return refuse("/dev/null", why);
    close(nothing);
    /*
     * The terminal's Ctrl-C is for the guest, too, which may take its time to end. A session of its own would be a scheduling group of its own, too
     * (sched(7), autogroup): on a busy host each frame would then wait for its turn twice.
     */
    return setpgid(0, 0) < 0 ? refuse("a process group of its own", why) : 0;
}

int confine(int *guest, struct refusal *why) {
    if (leave_console(why) != 0)
        return -1;
    if (limit(why) != 0 || set_apart(guest, why) != 0 || drop_user(why) != 0 || hide_files(why) != 0)
        return -1;
    return seal(*guest, why);
}
