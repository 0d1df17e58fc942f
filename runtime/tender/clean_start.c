/* Descriptors, signals, core files, the environment. See clean_start.h. */
#include "clean_start.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refuse(const char *what, struct refusal *why) {
    return fail(why, E_HOST, what, strerror(errno), "the tender needs Linux 5.9 or newer");
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

/* A guest of spt can read the tender's memory, and what the caller keeps in its environment, such as a password, is nobody's business. */
static void forget_environment(void) {
    for (char **word = environ; *word != NULL; word++) {
        memset(*word, 0, strlen(*word));
        *word = NULL;
    }
}

int clean_start(const int *kept, unsigned count, struct refusal *why) {
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
    forget_environment();
    return 0;
}
