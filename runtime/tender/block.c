/* Files and disks. See block.h. */
#include "block.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int host_refused(const struct block_option *option, const char *call, struct refusal *why) {
    return fail(why, E_BLOCK_FAILED, option->name, option->path, call, strerror(errno));
}

static int open_refused(const struct block_option *option, struct refusal *why) {
    switch (errno) {
    case ENOENT:
    case ENOTDIR: return fail(why, E_BLOCK_MISSING, option->name, option->path);
    case EACCES:
    case EPERM:
    case EROFS:
        if (option->read_only)
            return fail(why, E_BLOCK_UNREADABLE, option->name, option->path);
        return fail(why, E_BLOCK_UNWRITABLE, option->name, option->path, strerror(errno), option->name, option->path);
    case EBUSY: return fail(why, E_BLOCK_MOUNTED, option->name, option->path);
    default: return host_refused(option, "opening it", why);
    }
}

static bool is_right_kind(const struct stat *status) {
    return S_ISREG(status->st_mode) || S_ISBLK(status->st_mode);
}

/* Looks before it opens, because opening a device or a FIFO does something; and again, since it could have been exchanged. */
static int open_checked(const struct block_option *option, struct refusal *why) {
    struct stat status;
    if (stat(option->path, &status) != 0)
        return open_refused(option, why);
    if (!is_right_kind(&status))
        return fail(why, E_BLOCK_KIND, option->name, option->path);
    int flags = option->read_only ? O_RDONLY : O_RDWR;
    if (S_ISBLK(status.st_mode) && !option->read_only)
        flags |= O_EXCL; /* not while it is mounted */
    int fd = open(option->path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return open_refused(option, why);
    if (fstat(fd, &status) == 0 && is_right_kind(&status))
        return fd;
    close(fd);
    return fail(why, E_BLOCK_KIND, option->name, option->path);
}

static int lock(const struct block_option *option, int fd, bool read_only, struct refusal *why) {
    if (flock(fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
        return 0;
    return errno == EWOULDBLOCK ? fail(why, E_BLOCK_BUSY, option->name, option->path) : host_refused(option, "flock", why);
}

static int measure(const struct block_option *option, int fd, uint64_t *capacity, uint16_t *sector, struct refusal *why) {
    off_t size = lseek(fd, 0, SEEK_END);
    if (size < 0)
        return host_refused(option, "lseek", why);
    *capacity = (uint64_t)size;
    *sector = option->sector != 0 ? option->sector : BLOCK_SECTOR_DEFAULT;
    if (size == 0)
        return fail(why, E_BLOCK_EMPTY, option->name, option->path);
    if (*capacity % *sector != 0)
        return fail(why, E_BLOCK_SECTORS, option->name, option->path, (unsigned long long)*capacity, *sector, *sector, option->name);
    return 0;
}

/* The caller's descriptor: of the right kind, and opened as needed. Whether the guest may write is how it was opened, unless less is asked for. */
static int inherit(const struct block_option *option, bool *read_only, struct refusal *why) {
    struct stat status;
    int flags = fcntl(option->fd, F_GETFL);
    if (flags < 0 || fstat(option->fd, &status) != 0)
        return host_refused(option, "fstat", why);
    if (!is_right_kind(&status))
        return fail(why, E_FD_BLOCK, option->name, option->fd);
    const char *wrong = flags & O_PATH                      ? "as O_PATH"
                        : (flags & O_ACCMODE) == O_WRONLY   ? "to write only"
                        : flags & O_APPEND                  ? "to append" /* where a write goes is then not the guest's choice */
                        : flags & O_DIRECT                  ? "with O_DIRECT" /* which wants buffers aligned */
                                                            : NULL;
    if (wrong != NULL)
        return fail(why, E_FD_MODE, "block", option->name, option->fd, wrong, option->fd);
    *read_only |= (flags & O_ACCMODE) == O_RDONLY;
    return option->fd;
}

int block_attach(const struct block_option *option, uint64_t *capacity, uint16_t *sector, bool *read_only, struct refusal *why) {
    *read_only = option->read_only;
    int fd = option->fd != 0 ? inherit(option, read_only, why) : open_checked(option, why);
    if (fd < 0)
        return -1;
    if (lock(option, fd, *read_only, why) != 0 || measure(option, fd, capacity, sector, why) != 0) {
        close(fd);
        return -1;
    }
    signal(SIGXFSZ, SIG_IGN); /* beyond 'ulimit -f' a write fails; it does not end the guest */
    return fd;
}
