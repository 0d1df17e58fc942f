/* The file of a crash report, opened while that is still allowed. See fault.h. */
#include "errors.h"
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int crash_fd = -1;

/* Left by a run that nothing happened in, and nobody else's. */
static bool is_unused(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0 && status.st_nlink == 1 &&
           status.st_uid == geteuid() && (status.st_mode & 0077) == 0;
}

static int open_file(const char *path, struct refusal *why) {
    crash_fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (crash_fd >= 0)
        return 0;
    if (errno != EEXIST)
        return fail(why, E_CRASH_OPEN, path, strerror(errno));
    crash_fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (crash_fd >= 0 && is_unused(crash_fd))
        return 0;
    if (crash_fd >= 0)
        close(crash_fd);
    crash_fd = -1;
    return fail(why, E_CRASH_EXISTS, path);
}

/* CRC-32 as of zlib (ISO 3309) of the whole file: enough to tell one build of an image from another. */
static int checksum(const struct file *file, uint32_t *sum, struct refusal *why) {
    static uint8_t bytes[65536];
    uint32_t table[256];
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
    }
    *sum = ~0u;
    for (uint64_t at = 0; at < file->size;) {
        uint64_t size = file->size - at < sizeof bytes ? file->size - at : sizeof bytes;
        if (file_read(file, bytes, size, at, "end", why) != 0)
            return -1;
        for (uint64_t i = 0; i < size; i++)
            *sum = *sum >> 8 ^ table[(*sum ^ bytes[i]) & 255];
        at += size;
    }
    *sum = ~*sum;
    return 0;
}

/* Or two guests would write into one report. */
static int lock(const char *path, struct refusal *why) {
    return flock(crash_fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno == EWOULDBLOCK ? fail(why, E_OUTPUT_BUSY, "--crash", path) : fail(why, E_CRASH_OPEN, path, strerror(errno));
}

int crash_open(const char *path, const char *tender, const struct image *image, uint64_t memory_size, struct refusal *why) {
    uint32_t sum;
    if (path == NULL)
        return 0;
    if (checksum(&image->file, &sum, why) != 0 || open_file(path, why) != 0 || lock(path, why) != 0)
        return -1;
    signal(SIGXFSZ, SIG_IGN); /* beyond 'ulimit -f' the report is lost, not the line and the status */
    crash_prepare(tender, image, memory_size, sum);
    return 0;
}

int crash_allow(struct rules *rules) {
    if (crash_fd < 0)
        return 0;
    return rules_add(rules, "the crash report, from its one buffer", SCMP_ACT_ALLOW, SCMP_SYS(pwrite64), 4, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)crash_fd),
                            SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)crash_text), SCMP_A2(SCMP_CMP_LE, CRASH_TEXT_SIZE),
                            SCMP_A3(SCMP_CMP_EQ, 0));
}
