/* The tender is a process with a filter: what the guest asks for are the few system calls it lets through. See platform.h. */
#include "platform.h"

#define NSEC_PER_SEC 1000000000ull

/* Linux, x86_64. */
enum { READ = 0, WRITE = 1, PREAD64 = 17, PWRITE64 = 18, CLOCK_GETTIME = 228, EXIT_GROUP = 231, EPOLL_PWAIT = 281, TIMERFD_SETTIME = 286 };
enum { REALTIME = 0, MONOTONIC = 1, TIMER_ABSTIME = 1, STDOUT = 1 };
#define MINUS_EINTR (-4)
#define MINUS_EAGAIN (-11)

struct timespec {
    int64_t seconds;
    int64_t nanoseconds;
};

struct epoll_event {
    uint32_t events;
    uint64_t number;
} __attribute__((packed));

static const struct spt_boot_info *info;

static long call(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

struct boot platform_start(const void *boot_info) {
    info = boot_info;
    return (struct boot){
        .memory_size = info->mem_size,
        .cmdline = (const char *)info->cmdline,
        .manifest = (const struct mft *)info->mft,
    };
}

void platform_exit(int status) {
    for (;;)
        call(EXIT_GROUP, status, 0, 0, 0, 0, 0);
}

/* A console that nobody reads any more does not stop the guest. */
void platform_console(const void *text, size_t size) {
    for (size_t done = 0; done < size;) {
        long count = call(WRITE, STDOUT, (long)text + (long)done, (long)(size - done), 0, 0, 0);
        if (count <= 0 && count != MINUS_EINTR && count != MINUS_EAGAIN)
            return;
        if (count > 0)
            done += (size_t)count;
    }
}

static uint64_t clock(int which) {
    struct timespec now;
    call(CLOCK_GETTIME, which, (long)&now, 0, 0, 0, 0);
    return (uint64_t)now.seconds * NSEC_PER_SEC + (uint64_t)now.nanoseconds;
}

/*
 * The monotonic clock costs a system call, so in between it is the time stamp counter's, scaled by what the last second of both
 * was. Where the processor does not promise an even counter, and when the last comparison is too old, it is asked itself.
 */
#define COMPARE_INTERVAL NSEC_PER_SEC
#define FIRST_INTERVAL 5000000ull /* from then on the scale is good to a few parts in ten thousand */
#define SCALE_SHIFT 32
/* A comparison that took longer than this was interrupted. */
#define COMPARE_TICKS 100000ull

/* After a restore the host's clock and the counter are others; the offset makes the guest's clock go on from where it was. */
static uint64_t host_monotonic(void) {
    return clock(MONOTONIC) + (uint64_t)platform_notice()->clock_offset;
}

static struct {
    uint64_t generation;         /* of which the following are */
    uint64_t ticks, nanoseconds; /* at the last comparison; 0 before the first */
    uint64_t scale;              /* nanoseconds of a tick, shifted; 0 while it is not known */
    uint64_t valid_ticks;        /* how long the scale is used */
    uint64_t latest;
} counter;

static uint64_t ticks(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static bool counter_is_even(void) {
    uint32_t eax = 0x80000000, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if (eax < 0x80000007)
        return false;
    eax = 0x80000007;
    ecx = 0;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (edx & 1u << 8) != 0; /* invariant TSC: AMD APM vol. 2, 15.14; Intel SDM vol. 3, 18.17.1 */
}

static uint64_t compare_clocks(void) {
    uint64_t before = ticks();
    uint64_t now = host_monotonic();
    uint64_t after = ticks();
    if (after - before > COMPARE_TICKS) {
        counter.scale = 0;
        counter.ticks = 0;
        return now;
    }
    uint64_t elapsed = now - counter.nanoseconds;
    bool first = counter.ticks == 0;
    if (!first && elapsed < FIRST_INTERVAL)
        return now;
    if (!first && elapsed < 4 * NSEC_PER_SEC) { /* so that the shift does not overflow */
        counter.scale = (elapsed << SCALE_SHIFT) / (after - counter.ticks);
        counter.valid_ticks = (COMPARE_INTERVAL << SCALE_SHIFT) / counter.scale;
    }
    counter.ticks = after;
    counter.nanoseconds = now;
    return now;
}

static uint64_t monotonic(void) {
    static int even = -1;
    if (even < 0)
        even = counter_is_even();
    if (!even)
        return host_monotonic();
    uint64_t elapsed = ticks() - counter.ticks;
    uint64_t now = counter.scale != 0 && elapsed < counter.valid_ticks
                       ? counter.nanoseconds + (uint64_t)((unsigned __int128)elapsed * counter.scale >> SCALE_SHIFT)
                       : compare_clocks();
    return now;
}

/* A snapshot may be taken anywhere, also between reading a clock and using what it said: then it is read again. */
uint64_t platform_monotonic(void) {
    uint64_t now;
    do {
        uint64_t generation = platform_notice()->generation;
        if (generation != counter.generation) {
            counter.generation = generation;
            counter.ticks = 0;
            counter.scale = 0;
        }
        now = monotonic();
    } while (platform_notice()->generation != counter.generation);
    if (now < counter.latest)
        now = counter.latest;
    counter.latest = now;
    return now;
}

uint64_t platform_wall(void) {
    return clock(REALTIME);
}

/* Sets the timer of the epoll set to `deadline`, or stops it for one that never comes. The tender restores what is left of it. */
static void set_timer(uint64_t deadline) {
    uint64_t generation;
    do {
        generation = platform_notice()->generation;
        struct timespec timer[2] = {{.seconds = 0}};
        if (deadline != PLATFORM_FOREVER) {
            int64_t host = (int64_t)deadline - platform_notice()->clock_offset; /* may be before the host's start, and so over */
            timer[1].seconds = host > 0 ? host / (int64_t)NSEC_PER_SEC : 0;
            timer[1].nanoseconds = (host > 0 ? host % (int64_t)NSEC_PER_SEC : 0) | 1; /* zero would stop it */
        }
        call(TIMERFD_SETTIME, info->timerfd, TIMER_ABSTIME, (long)timer, 0, 0, 0);
    } while (platform_notice()->generation != generation);
}

/* What one look at the epoll set finds. */
struct found {
    uint64_t ready;
    bool timer;
};

static struct found look(bool sleep) {
    struct epoll_event events[MFT_MAX_ENTRIES + 1]; /* the devices, the timer, notices */
    long count;
    do
        count = call(EPOLL_PWAIT, info->epollfd, (long)events, MFT_MAX_ENTRIES + 1, sleep ? -1 : 0, 0, 0);
    while (count == MINUS_EINTR);
    struct found found = {.ready = 0};
    for (long i = 0; i < count; i++)
        if (events[i].number == SPT_TIMER_EVENT)
            found.timer = true;
        else
            found.ready |= 1ull << events[i].number;
    return found;
}

/*
 * A busy guest is woken by frames, its deadlines seldom come, and setting the timer is a system call. So a timer that is set
 * too early stays; it is set anew only to be earlier, or when it has gone off.
 */
uint64_t platform_poll(uint64_t deadline) {
    static uint64_t armed = PLATFORM_FOREVER;
    static bool gone_off;
    for (;;) {
        if (deadline != 0 && (gone_off || deadline < armed)) {
            set_timer(deadline);
            armed = deadline;
            gone_off = false;
        }
        struct found found = look(deadline != 0);
        gone_off |= found.timer;
        if (found.ready != 0 || deadline <= armed)
            return found.ready;
    }
}

static int descriptor(unsigned handle) {
    return ((const struct mft *)info->mft)->e[handle].b.hostfd;
}

int platform_net_read(unsigned handle, void *frame, size_t size, size_t *got) {
    long count = call(READ, descriptor(handle), (long)frame, (long)size, 0, 0, 0);
    *got = count > 0 ? (size_t)count : 0;
    return count > 0 ? SOLO5_OK : count == 0 || count == MINUS_EAGAIN ? SOLO5_AGAIN : SOLO5_EUNSPEC;
}

int platform_net_write(unsigned handle, const void *frame, size_t size) {
    long count = call(WRITE, descriptor(handle), (long)frame, (long)size, 0, 0, 0);
    return count == (long)size ? SOLO5_OK : SOLO5_EUNSPEC;
}

/* The filter lets through one sector at a time. */
static int block(long number, unsigned handle, uint64_t offset, const void *data, size_t size) {
    long sector = ((const struct mft *)info->mft)->e[handle].u.block.block_size;
    for (size_t done = 0; done < size; done += (size_t)sector) {
        long count;
        do
            count = call(number, descriptor(handle), (long)data + (long)done, sector, (long)(offset + done), 0, 0);
        while (count == MINUS_EINTR);
        if (count != sector)
            return SOLO5_EUNSPEC;
    }
    return SOLO5_OK;
}

int platform_block_read(unsigned handle, uint64_t offset, void *data, size_t size) {
    return block(PREAD64, handle, offset, data, size);
}

int platform_block_write(unsigned handle, uint64_t offset, const void *data, size_t size) {
    return block(PWRITE64, handle, offset, data, size);
}
