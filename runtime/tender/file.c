/* The image as a file: opening and reading it. */
#include "errors.h"
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_open(const char *path, struct file *file, struct refusal *why) {
    /* O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return fail(why, E_IMAGE_MISSING, path);
        if (errno == EACCES || errno == EPERM)
            return fail(why, E_IMAGE_FORBIDDEN, path, path);
        if (errno == EMFILE || errno == ENFILE)
            return fail(why, E_HOST, path, strerror(errno), "raise 'ulimit -n'");
        return fail(why, E_IMAGE_OPEN, path, strerror(errno));
    }
    struct stat status;
    if (fstat(fd, &status) != 0) {
        fail(why, E_IMAGE_OPEN, path, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        fail(why, E_IMAGE_DIRECTORY, path);
    } else if (!S_ISREG(status.st_mode)) {
        fail(why, E_IMAGE_NOT_FILE, path);
    } else {
        *file = (struct file){.fd = fd, .name = path, .size = (uint64_t)status.st_size};
        return 0;
    }
    close(fd);
    return -1;
}

int file_read(const struct file *file, void *to, uint64_t size, uint64_t offset, const char *what, struct refusal *why) {
    uint64_t end;
    if (__builtin_add_overflow(offset, size, &end))
        end = UINT64_MAX;
    if (end > file->size)
        return fail(why, E_ELF_TRUNCATED, file->name, (unsigned long long)file->size, what, (unsigned long long)end);
    for (uint64_t done = 0; done < size;) {
        ssize_t count = pread(file->fd, (uint8_t *)to + done, size - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail(why, E_IMAGE_READ, file->name, strerror(errno));
        if (count == 0) /* it has become shorter since it was opened */
            return fail(why, E_ELF_TRUNCATED, file->name, (unsigned long long)(offset + done), what, (unsigned long long)end);
        done += (uint64_t)count;
    }
    return 0;
}
