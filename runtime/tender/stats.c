/* The mapped file. See stats.h. */
#include "stats.h"

#include "errors.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int file = -1;
static struct stats nowhere;
struct stats *stats = &nowhere;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

int stats_open(const struct options *options, const struct image *image, enum abi_target target, struct refusal *why) {
    if (options->stats == NULL)
        return 0;
    file = output_open("--stats", options->stats, why);
    if (file < 0)
        return -1;
    /* Allocated now: on a full disk a store into a hole would end the tender by SIGBUS. The descriptor stays, for its lock. */
    errno = posix_fallocate(file, 0, sizeof *stats);
    void *mapped = errno == 0 ? mmap(NULL, sizeof *stats, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
    if (mapped == MAP_FAILED)
        return fail(why, E_OUTPUT_FAILED, "--stats", options->stats, strerror(errno));
    stats = mapped;
    *stats = (struct stats){
        .version = STATS_VERSION,
        .size = sizeof *stats,
        .target = target,
        .entries = image->manifest.entries,
        .memory = options->memory_mib << 20,
    };
    for (unsigned handle = 1; handle < image->manifest.entries; handle++) {
        memcpy(stats->device[handle].name, image->manifest.e[handle].name, MFT_NAME_SIZE);
        stats->device[handle].type = image->manifest.e[handle].type;
        stats->device[handle].kept = target == ABI_HVT ? STATS_KEPT : 0;
    }
    return 0;
}

void stats_close(void) {
    if (stats != &nowhere)
        munmap(stats, sizeof *stats);
    if (file >= 0)
        close(file); /* the lock is the keeper's, too, and stays */
    stats = &nowhere;
}

void stats_started(int pid, int guest_pid) {
    stats->pid = (uint32_t)pid;
    stats->guest_pid = (uint32_t)guest_pid;
    stats->started = now();
    memcpy(stats->magic, STATS_MAGIC, sizeof stats->magic); /* now it is one */
}

void stats_ended(enum stats_end end, int status) {
    if (stats->started == 0)
        return; /* there was no guest */
    stats->end = end;
    stats->status = (uint64_t)status;
    __atomic_store_n(&stats->ended, now(), __ATOMIC_RELEASE);
}
