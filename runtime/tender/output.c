/* Making files. See output.h. */
#include "output.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Removes a regular file nobody writes to any more. Returns 0, or -1 with `why`. */
static int remove_old(const char *option, const char *path, struct refusal *why) {
    struct stat status;
    if (lstat(path, &status) != 0)
        return errno == ENOENT ? 0 : fail(why, E_OUTPUT_FAILED, option, path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return fail(why, E_OUTPUT_KIND, option, path);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail(why, E_OUTPUT_FAILED, option, path, strerror(errno));
    bool busy = flock(fd, LOCK_EX | LOCK_NB) != 0;
    close(fd);
    if (busy)
        return fail(why, E_OUTPUT_BUSY, option, path);
    return unlink(path) == 0 ? 0 : fail(why, E_OUTPUT_FAILED, option, path, strerror(errno));
}

int output_open(const char *option, const char *path, struct refusal *why) {
    if (remove_old(option, path, why) != 0)
        return -1;
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)
        return fail(why, E_OUTPUT_FAILED, option, path, strerror(errno));
    signal(SIGXFSZ, SIG_IGN); /* beyond 'ulimit -f' a write fails; it does not end the guest */
    return fd;
}
