/* Writing snapshots. See snapshot_output.h. */
#include "snapshot_output.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_LENGTH 200
#define NEW_FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW)
#define NEW_MODE 0600

/* Names that the filter binds system calls to, in a page that nobody can write any more. */
static struct {
    char final[NAME_LENGTH + 1];
    char new[NAME_LENGTH + 32];
    char fill[4096 - 2 * NAME_LENGTH - 33];
} names __attribute__((aligned(4096)));

int snapshot_output_folder(const char *path, struct snapshot_output *output, struct refusal *why) {
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (*name == '\0' || strlen(name) > NAME_LENGTH || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return fail(why, E_SNAPSHOT_NAME, path);
    char folder[4096] = ".";
    size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (length >= sizeof folder)
        return fail(why, E_SNAPSHOT_FOLDER, path, strerror(ENAMETOOLONG));
    if (length > 0) {
        memcpy(folder, path, length);
        folder[length] = '\0';
    }
    output->path = path;
    output->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (output->folder < 0 || faccessat(output->folder, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return fail(why, E_SNAPSHOT_FOLDER, path, strerror(errno));
    /* The process's number keeps two tenders apart that write the same snapshot. */
    memcpy(names.final, name, strlen(name) + 1);
    snprintf(names.new, sizeof names.new, ".%s.%d", name, (int)getpid());
    if (mprotect(&names, sizeof names, PROT_READ) != 0)
        return fail(why, E_SNAPSHOT_FOLDER, path, strerror(errno));
    signal(SIGXFSZ, SIG_IGN); /* beyond 'ulimit -f' writing fails; it does not end the guest */
    return 0;
}

static int open_process(pid_t process, const char *what, struct refusal *why) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, what);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : fail(why, E_HOST, path, strerror(errno), "snapshots need /proc");
}

int snapshot_output_memory(pid_t process, uint8_t *at_zero, struct snapshot_output *output, struct refusal *why) {
    output->at_zero = (uint64_t)at_zero;
    output->memory = open_process(process, "mem", why);
    output->pagemap = output->memory < 0 ? -1 : open_process(process, "pagemap", why);
    if (output->pagemap < 0)
        return -1;
    output->file = dup(output->folder);
    return output->file < 0 ? fail(why, E_HOST, "preparing snapshots", strerror(errno), "raise 'ulimit -n'") : close(output->file);
}

int snapshot_output_allow(struct rules *rules, const struct snapshot_output *output) {
    const uint32_t yes = SCMP_ACT_ALLOW;
    struct scmp_arg_cmp file = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)output->file);
    struct scmp_arg_cmp folder = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)output->folder);
    struct scmp_arg_cmp new = SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)names.new);
    int broken = 0;
    broken |= rules_add(rules, "a new snapshot", yes, SCMP_SYS(openat), 4, folder, new, SCMP_A2(SCMP_CMP_EQ, NEW_FLAGS), SCMP_A3(SCMP_CMP_EQ, NEW_MODE));
    broken |= rules_add(rules, "a snapshot that failed", yes, SCMP_SYS(unlinkat), 3, folder, new, SCMP_A2(SCMP_CMP_EQ, 0));
    broken |= rules_add(rules, "a snapshot that is whole", yes, SCMP_SYS(renameat), 4, folder, new, SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)output->folder),
                               SCMP_A3(SCMP_CMP_EQ, (scmp_datum_t)names.final));
    broken |= rules_add(rules, "the size of a snapshot", yes, SCMP_SYS(ftruncate), 1, file);
    broken |= rules_add(rules, "writing a snapshot", yes, SCMP_SYS(pwrite64), 1, file);
    broken |= rules_add(rules, "a snapshot to the disk", yes, SCMP_SYS(fsync), 1, file);
    broken |= rules_add(rules, "a snapshot to the disk", yes, SCMP_SYS(fsync), 1, folder);
    broken |= rules_add(rules, "a snapshot that is written", yes, SCMP_SYS(close), 1, file);
    broken |= rules_add(rules, "the guest's memory for a snapshot", yes, SCMP_SYS(pread64), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)output->memory));
    broken |= rules_add(rules, "which of its memory the guest has touched", yes, SCMP_SYS(pread64), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)output->pagemap));
    return broken;
}

/* ---- Writing: each step returns NULL, or what failed, with errno ---- */

static const char *put(int file, const void *data, size_t size, uint64_t offset) {
    for (size_t done = 0; done < size;) {
        ssize_t count = pwrite(file, (const uint8_t *)data + done, size - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return "writing";
        done += (size_t)count;
    }
    return NULL;
}

static bool is_zero(const uint8_t *page) {
    return page[0] == 0 && memcmp(page, page + 1, GUEST_PAGE_SIZE - 1) == 0;
}

/* Pages of zeroes stay holes. */
static const char *put_pages(int file, const uint8_t *pages, size_t size, uint64_t offset) {
    for (size_t start = 0; start < size;) {
        size_t end = start;
        while (end < size && !is_zero(pages + end))
            end += GUEST_PAGE_SIZE;
        if (end > start && put(file, pages + start, end - start, offset + start) != NULL)
            return "writing";
        start = end + GUEST_PAGE_SIZE;
    }
    return NULL;
}

static const char *put_memory(const struct snapshot_output *output, const struct snapshot *snapshot) {
    static uint8_t buffer[64 * GUEST_PAGE_SIZE];
    uint64_t offset = SNAPSHOT_HEAD;
    for (uint32_t i = 0; i < snapshot->extent_count; i++) {
        uint64_t from = output->at_zero + snapshot->extent[i].page * GUEST_PAGE_SIZE;
        uint64_t left = snapshot->extent[i].pages * GUEST_PAGE_SIZE;
        while (left > 0) {
            size_t size = left < sizeof buffer ? left : sizeof buffer;
            ssize_t count = pread(output->memory, buffer, size, (off_t)from);
            if (count < (ssize_t)GUEST_PAGE_SIZE)
                return "reading the guest's memory";
            size = (size_t)count / GUEST_PAGE_SIZE * GUEST_PAGE_SIZE; /* it ends early where a mapping does */
            if (put_pages(output->file, buffer, size, offset) != NULL)
                return "writing";
            from += size;
            offset += size;
            left -= size;
        }
    }
    return NULL;
}

static uint64_t file_size(const struct snapshot *snapshot) {
    uint64_t size = SNAPSHOT_HEAD;
    for (uint32_t i = 0; i < snapshot->extent_count; i++)
        size += snapshot->extent[i].pages * GUEST_PAGE_SIZE;
    return size;
}

static const char *put_all(const struct snapshot_output *output, struct snapshot *snapshot) {
    if (ftruncate(output->file, (off_t)file_size(snapshot)) != 0)
        return "extending the file";
    const char *failed = put_memory(output, snapshot);
    if (failed != NULL)
        return failed;
    memcpy(snapshot->magic, SNAPSHOT_MAGIC, sizeof snapshot->magic);
    snapshot->version = SNAPSHOT_VERSION;
    snapshot->checksum = snapshot_checksum(snapshot);
    failed = put(output->file, snapshot, offsetof(struct snapshot, extent), 0);
    if (failed == NULL)
        failed = put(output->file, snapshot->extent, snapshot->extent_count * sizeof *snapshot->extent, offsetof(struct snapshot, extent));
    if (failed == NULL)
        failed = put(output->file, snapshot->machine, snapshot->machine_size, offsetof(struct snapshot, machine));
    return failed != NULL ? failed : fsync(output->file) != 0 ? "fsync" : NULL;
}

int snapshot_write(const struct snapshot_output *output, struct snapshot *snapshot, struct refusal *why) {
    const char *failed = NULL;
    if (snapshot_extents(output, snapshot) != 0)
        return fail(why, E_SNAPSHOT_FAILED, output->path, "reading /proc", strerror(errno));
    unlinkat(output->folder, names.new, 0); /* one of a process with the same number that was killed at it */
    int file = openat(output->folder, names.new, NEW_FLAGS, NEW_MODE);
    if (file != output->file) {
        errno = file < 0 ? errno : EBADF;
        return fail(why, E_SNAPSHOT_FAILED, output->path, "creating the file", strerror(errno));
    }
    failed = put_all(output, snapshot);
    int error = errno;
    close(file);
    if (failed == NULL && renameat(output->folder, names.new, output->folder, names.final) != 0) {
        failed = "rename";
        error = errno;
    }
    if (failed != NULL) {
        unlinkat(output->folder, names.new, 0);
        return fail(why, E_SNAPSHOT_FAILED, output->path, failed, strerror(error));
    }
    return fsync(output->folder) == 0 ? 0 : fail(why, E_SNAPSHOT_FAILED, output->path, "fsync of its folder", strerror(errno));
}
